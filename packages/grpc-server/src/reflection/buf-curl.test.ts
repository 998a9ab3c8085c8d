import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { fileDescriptorSet } from "@grpc-kit/testing/fixtures/descriptors";
import { describe, expect, it } from "vitest";
import { serveFixture } from "../../test/serve-fixture.ts";
import { addReflection } from "./add-reflection.ts";

const buf = fileURLToPath(new URL("../../node_modules/.bin/buf", import.meta.url));

// Written by others, in Go: what it reads is not what this package thinks the protocol is.
describe.each(["grpc-v1", "grpc-v1alpha"])("buf curl with %s", (protocol) => {
  async function serve() {
    const { server, port } = await serveFixture();
    addReflection(server, { descriptorSets: [fileDescriptorSet()] });
    return async (path: string, ...args: readonly string[]): Promise<string> => {
      const { stdout } = await promisify(execFile)(buf, [
        "curl",
        "--http2-prior-knowledge",
        "--protocol=grpc",
        "--reflect",
        `--reflect-protocol=${protocol}`,
        ...args,
        `http://127.0.0.1:${port}${path}`,
      ]);
      return stdout.trim();
    };
  }

  it("lists services and methods", async () => {
    const curl = await serve();
    expect((await curl("", "--list-services")).split("\n")).toEqual([
      "fixtures.FixtureService",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
    ]);
    expect((await curl("", "--list-methods")).split("\n").sort()).toEqual([
      "fixtures.FixtureService/Bidi",
      "fixtures.FixtureService/ClientStream",
      "fixtures.FixtureService/ServerStream",
      "fixtures.FixtureService/Unary",
      "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
      "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    ]);
  });

  it("calls a method by its schema", async () => {
    const curl = await serve();
    const message = { index: "7", text: "hello" };
    const reply = await curl("/fixtures.FixtureService/Unary", "--data", JSON.stringify(message));
    expect(JSON.parse(reply)).toEqual(message);
  });
});
