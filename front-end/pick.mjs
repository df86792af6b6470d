// Keeps the rules of a style sheet whose selectors match a pattern. Bootstrap's own way of selecting parts needs Sass.

export function picked(css, patterns) {
  const kept = [];
  for (const { head, body } of rules(css.replace(/\/\*[\s\S]*?\*\//g, ""))) {
    if (head.startsWith("@media")) {
      const inner = picked(body, patterns);
      if (inner) kept.push(`${head}{${inner}}`);
    } else if (head.startsWith(":root")) {
      kept.push(`${head}{${body}}`);
    } else if (!head.startsWith("@")) {
      const selectors = head.split(",").map((part) => part.trim()).filter((part) => patterns.some((pattern) => pattern.test(part)));
      if (selectors.length) kept.push(`${selectors.join(",")}{${body}}`);
    }
  }
  return kept.join("\n");
}

function* rules(css) {
  let depth = 0, start = 0, open = 0;
  for (let at = 0; at < css.length; at += 1) {
    if (css[at] === "{") {
      if (depth === 0) open = at;
      depth += 1;
    } else if (css[at] === "}") {
      depth -= 1;
      if (depth === 0) {
        yield { head: css.slice(start, open).trim(), body: css.slice(open + 1, at) };
        start = at + 1;
      }
    } else if (css[at] === ";" && depth === 0) {
      start = at + 1;
    }
  }
}
