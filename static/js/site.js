import htmx from "htmx.org";
import { startCharts } from "./chart-loader.js";
import { startCounters } from "./counter.js";
import { startDrafts } from "./draft.js";
import { startErrors } from "./errors.js";
import { startFilters } from "./filter.js";
import { startFolds } from "./folds.js";
import { startMenus } from "./menus.js";
import { startSubmit } from "./submit.js";
import { startTheme } from "./theme-choice.js";

window.htmx = htmx;
startTheme();
startMenus();
startFolds();
startSubmit();
startErrors(document);
startCounters(document);
startDrafts(document);
startFilters(document);
startCharts(document);
document.addEventListener("htmx:afterSwap", ({ target }) => {
  startErrors(target);
  startCounters(target);
  startDrafts(target);
  startFilters(target);
  startCharts(target);
});
