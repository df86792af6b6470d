/* Keeps one drop-down open at a time; Escape or a click elsewhere closes it. As <details> they work without this. */
export function startMenus() {
  const menus = [...document.querySelectorAll("details.epi-drop")];
  const closeAllBut = (kept) => {
    for (const menu of menus) if (menu !== kept) menu.open = false;
  };
  document.addEventListener("click", ({ target }) => closeAllBut(target.closest("details.epi-drop")));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = menus.find((menu) => menu.open);
    if (!open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });
  for (const menu of menus) {
    menu.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget && !menu.contains(relatedTarget)) menu.open = false;
    });
  }
}
