import htmx from "htmx.org";
import { startCharts } from "./chart-loader.js";
import { startDrafts } from "./draft.js";
import { startErrors } from "./errors.js";
import { startFilters } from "./filter.js";
import { startFolds } from "./folds.js";
import { startHtmxErrors } from "./htmx-errors.js";
import { startMenus } from "./menus.js";
import { startSubmit } from "./submit.js";
import { startTheme } from "./theme-choice.js";

window.htmx = htmx;
startTheme();
startMenus();
startFolds();
startSubmit();
startHtmxErrors();
startErrors(document);
startDrafts(document);
startFilters(document);
startCharts(document);
document.addEventListener("htmx:afterSwap", ({ target }) => {
  startErrors(target);
  startDrafts(target);
  startFilters(target);
  startCharts(target);
});
