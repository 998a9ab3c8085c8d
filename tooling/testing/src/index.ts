export {
  type CallKind,
  callFixture,
  callKinds,
  createFixtureClient,
  type FixtureCall,
  type FixtureCallOptions,
  type Outcome,
} from "./fixture-client.ts";
