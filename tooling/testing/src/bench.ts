export {
  callEngine,
  frame,
  inFlight,
  openBidi,
  pingPong,
  type Reply,
} from "./bench/call.ts";
export {
  type Engine,
  liveUsageOf,
  startEngine,
  stopEngine,
  tellUsage,
  usageOf,
} from "./bench/engine.ts";
export { fixtureService, listen } from "./bench/fixture-service.ts";
export {
  type Cost,
  type Costs,
  type Figure,
  figuresOf,
  measure,
  median,
  medianRatio,
  type Work,
} from "./bench/measure.ts";
export { audience, issuer, secret, signToken } from "./bench/token.ts";
