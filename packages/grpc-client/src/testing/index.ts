export type { CallControls, Method, RecordedCall } from "./call-controls.ts";
export { createFakeStub, type FakeStub, type FakeStubOptions } from "./fake-stub.ts";
export type { CallContext, Handler, Handlers } from "./handlers.ts";
export { startTestServer, type TestServer, type TestServerOptions } from "./test-server.ts";
