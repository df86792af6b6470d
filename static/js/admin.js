import { startCounters } from "./counter.js";

startCounters(document);
