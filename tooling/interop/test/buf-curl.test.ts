import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { status } from "@grpc/grpc-js";
import { beforeAll, describe, expect, it } from "vitest";
import { serveInterop } from "../src/serve-interop.ts";
import { tlsOf, undoAfterAll } from "./on-end.ts";

const pathOf = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const buf = pathOf("../../../node_modules/.bin/buf");
const protos = pathOf("../../../protos");

// connect-go, and so Go's own HTTP/2 rather than that of grpc-go.
describe.each(["plaintext", "TLS"])("B16: buf curl calls our server, %s", (transport) => {
  const onEnd = undoAfterAll();
  let base: string;
  let connection: readonly string[];

  beforeAll(async () => {
    const tls = tlsOf(transport, onEnd);
    const { server, address } = await serveInterop(tls);
    onEnd(() => server.stop());
    base = `${tls === undefined ? "http" : "https"}://${address}/grpc.testing`;
    connection = tls === undefined ? ["--http2-prior-knowledge"] : ["--cacert", tls.certFile];
  });

  const curl = async (method: string, ...requests: readonly object[]): Promise<unknown[]> => {
    const data = requests.map((request) => JSON.stringify(request)).join("\n");
    const call = promisify(execFile)(buf, [
      ...["curl", "--protocol=grpc", "--schema", protos, ...connection],
      ...["--data", data, `${base}.${method}`],
    ]);
    const { stdout } = await call.catch((error: { stderr: string }) => ({ stdout: error.stderr }));
    // One message behind the other, each in several lines or one.
    return JSON.parse(`[${stdout.trim().replaceAll(/\}\s*\n\s*\{/g, "},{")}]`) as unknown[];
  };

  const body = (size: number) => ({ body: Buffer.alloc(size).toString("base64") });

  it("empty_unary", async () => {
    expect(await curl("TestService/EmptyCall", {})).toEqual([{}]);
  });

  it("large_unary", async () => {
    const request = { responseSize: 314_159, payload: body(50_000) };
    expect(await curl("TestService/UnaryCall", request)).toEqual([{ payload: body(314_159) }]);
  });

  it("client_streaming", async () => {
    const requests = [8, 1_828, 27_182].map((size) => ({ payload: body(size) }));
    const answer = { aggregatedPayloadSize: 29_018 };
    expect(await curl("TestService/StreamingInputCall", ...requests)).toEqual([answer]);
  });

  it.each(["StreamingOutputCall", "FullDuplexCall"])("server_streaming by %s", async (method) => {
    const sizes = [31_415, 9, 2_653];
    const request = { responseParameters: sizes.map((size) => ({ size })) };
    const answers = sizes.map((size) => ({ payload: body(size) }));
    expect(await curl(`TestService/${method}`, request)).toEqual(answers);
  });

  it("status_code_and_message, with its details", async () => {
    const responseStatus = { code: status.INVALID_ARGUMENT, message: "naïve ☺" };
    const [error] = await curl("TestService/UnaryCall", { responseStatus });
    const { message } = responseStatus;
    expect(error).toMatchObject({ code: "invalid_argument", message });
    expect(JSON.stringify(error)).toContain("google.rpc.BadRequest");
  });

  it("unimplemented_method and unimplemented_service", async () => {
    for (const service of ["TestService", "UnimplementedService"]) {
      const [error] = await curl(`${service}/UnimplementedCall`, {});
      expect(error).toMatchObject({ code: "unimplemented" });
    }
  });
});
