import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type ChannelCredentials,
  credentials,
  ServerInterceptingCall,
  type ServerInterceptor,
  type StatusObject,
  status,
} from "@grpc/grpc-js";
import {
  ServerReflectionClient,
  ServerReflectionRequest,
  type ServerReflectionResponse,
} from "@grpc-kit/generated-protos/grpc/reflection/v1";
import { ServerReflectionClient as V1AlphaClient } from "@grpc-kit/generated-protos/grpc/reflection/v1alpha";
import { fileDescriptorSet } from "@grpc-kit/testing/fixtures/descriptors";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { serveFixture } from "../../test/serve-fixture.ts";
import type { GrpcServerOptions } from "../server-options.ts";
import { addReflection } from "./add-reflection.ts";
import { readFileDescriptorSet } from "./file-descriptor.ts";

const protos = {
  "base.proto": `syntax = "proto2"; package acme;
    message Base { optional string id = 1; extensions 100 to 200; extensions 5000; }`,
  "options.proto": `syntax = "proto3"; package acme.options;
    import "google/protobuf/descriptor.proto";
    extend google.protobuf.FieldOptions { string label = 50001; }`,
  "more.proto": `syntax = "proto2"; package acme; import "base.proto"; import "options.proto";
    extend Base { optional int32 weight = 150; }
    message More {
      extend Base { optional More more = 5000; optional int32 age = 101; }
      optional string text = 1 [(acme.options.label) = "custom"];
      oneof choice { int32 left = 2; int32 right = 3; }
      enum Inner { INNER_A = 0; }
      message Deep { optional Base base = 1; }
    }
    enum State { STATE_ON = 0; }`,
  "service.proto": `syntax = "proto3"; package acme; import "more.proto"; import "base.proto";
    service Acme { rpc Do(Plain) returns (Plain); } message Plain { string a = 1; }`,
} as const;

let acmeSet: Buffer;

beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), "reflection-"));
  try {
    for (const [name, text] of Object.entries(protos)) {
      writeFileSync(join(folder, name), text);
    }
    const buf = fileURLToPath(new URL("../../node_modules/.bin/buf", import.meta.url));
    execFileSync(buf, ["build", "-o", "set.binpb"], { cwd: folder });
    acmeSet = readFileSync(join(folder, "set.binpb"));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

type Asked = NonNullable<ServerReflectionRequest["messageRequest"]>;
type Answered = ServerReflectionResponse["messageResponse"];

/** Serves reflection, and asks it all of `requests` on one stream. */
async function serveReflection(
  descriptorSets: readonly Uint8Array[],
  options: Partial<GrpcServerOptions> = {},
) {
  const { server, port, errors } = await serveFixture({}, options);
  addReflection(server, { descriptorSets });
  function ask(
    requests: readonly (Asked | undefined)[],
    Client: new (
      address: string,
      plaintext: ChannelCredentials,
    ) => ServerReflectionClient = ServerReflectionClient,
  ): Promise<{
    responses: ServerReflectionResponse[];
    answers: Answered[];
    outcome: StatusObject;
  }> {
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    onTestFinished(() => client.close());
    const call = client.serverReflectionInfo({ deadline: Date.now() + 10_000 });
    const responses: ServerReflectionResponse[] = [];
    call.on("data", (response: ServerReflectionResponse) => responses.push(response));
    call.on("error", () => {});
    for (const messageRequest of requests) {
      call.write(ServerReflectionRequest.fromPartial({ host: "here", messageRequest }));
    }
    call.end();
    return new Promise((resolve) => {
      call.on("status", (outcome: StatusObject) => {
        const answers = responses.map(({ messageResponse }) => messageResponse);
        resolve({ responses, answers, outcome });
      });
    });
  }
  return { ask, errors };
}

const byName = (value: string): Asked => ({ $case: "fileByFilename", value });
const bySymbol = (value: string): Asked => ({ $case: "fileContainingSymbol", value });
const byExtension = (containingType: string, extensionNumber: number): Asked => ({
  $case: "fileContainingExtension",
  value: { containingType, extensionNumber },
});
const numbersOfType = (value: string): Asked => ({ $case: "allExtensionNumbersOfType", value });

/** The names of the files in an answer, once their bytes are seen to be those of the set. */
function filesIn(answer: Answered, set: Uint8Array = acmeSet): readonly string[] {
  if (answer?.$case !== "fileDescriptorResponse") {
    throw new Error(`no files in ${JSON.stringify(answer)}`);
  }
  const files = readFileDescriptorSet(set);
  return answer.value.fileDescriptorProto.map((bytes) => {
    const file = files.find((candidate) => candidate.bytes.equals(bytes));
    return file?.name ?? "a file that is not in the set";
  });
}

const notFound = (what: string): Answered => ({
  $case: "errorResponse",
  value: { errorCode: status.NOT_FOUND, errorMessage: `${what} not found` },
});

describe("addReflection", () => {
  it.each([
    ["v1", ServerReflectionClient],
    ["v1alpha", V1AlphaClient],
  ])("lists what the server serves, and sends the bytes of the set: %s", async (_, Client) => {
    const { ask } = await serveReflection([fileDescriptorSet()]);
    const { answers, responses } = await ask(
      [{ $case: "listServices", value: "*" }, bySymbol("fixtures.FixtureService.Bidi")],
      Client,
    );
    expect(answers[0]).toEqual({
      $case: "listServicesResponse",
      value: {
        service: [
          { name: "fixtures.FixtureService" },
          { name: "grpc.reflection.v1.ServerReflection" },
          { name: "grpc.reflection.v1alpha.ServerReflection" },
        ],
      },
    });
    expect(filesIn(answers[1], fileDescriptorSet())).toEqual([
      "fixtures/kinds.proto",
      "google/protobuf/any.proto",
      "google/protobuf/duration.proto",
      "google/protobuf/timestamp.proto",
      "google/protobuf/wrappers.proto",
    ]);
    expect(responses[1]).toMatchObject({
      validHost: "here",
      originalRequest: { host: "here", messageRequest: bySymbol("fixtures.FixtureService.Bidi") },
    });
  });

  it("sends imports breadth first and once per stream, but what is asked for always", async () => {
    const { ask } = await serveReflection([acmeSet]);
    const requests = ["service.proto", "service.proto", "more.proto", "base.proto"].map(byName);
    for (const _stream of [1, 2]) {
      const { answers } = await ask(requests);
      expect(answers.map((answer) => filesIn(answer))).toEqual([
        [
          "service.proto",
          "more.proto",
          "base.proto",
          "options.proto",
          "google/protobuf/descriptor.proto",
        ],
        ["service.proto"],
        ["more.proto"],
        ["base.proto"],
      ]);
    }
  });

  it.each([
    ["service.proto", "acme.Acme.Do"],
    ["service.proto", "acme.Plain.a"],
    ["more.proto", "acme.More"],
    ["more.proto", "acme.More.text"],
    ["more.proto", "acme.More.choice"],
    ["more.proto", "acme.More.Inner"],
    ["more.proto", "acme.More.INNER_A"],
    ["more.proto", "acme.More.Deep.base"],
    ["more.proto", "acme.More.age"],
    ["more.proto", "acme.State"],
    ["more.proto", "acme.STATE_ON"],
    ["more.proto", "acme.weight"],
    ["options.proto", "acme.options.label"],
    ["google/protobuf/descriptor.proto", "google.protobuf.FieldOptions.CType"],
  ])("finds %s by its symbol %s", async (file, symbol) => {
    const { ask } = await serveReflection([acmeSet]);
    const { answers } = await ask([bySymbol(symbol)]);
    expect(filesIn(answers[0])[0]).toBe(file);
  });

  it("keeps custom options", async () => {
    const { ask } = await serveReflection([acmeSet]);
    const { answers } = await ask([bySymbol("acme.More.text")]);
    const [answer] = answers;
    const files =
      answer?.$case === "fileDescriptorResponse" ? answer.value.fileDescriptorProto : [];
    // [(acme.options.label) = "custom"], which is field 50001 of the field's options.
    expect(files[0]?.includes(Buffer.from([0x8a, 0xb5, 0x18, 6, ...Buffer.from("custom")]))).toBe(
      true,
    );
  });

  it("finds extensions by number, and all numbers in order", async () => {
    const { ask } = await serveReflection([acmeSet]);
    const { answers } = await ask([
      byExtension("acme.Base", 5000),
      byExtension("google.protobuf.FieldOptions", 50001),
      numbersOfType("acme.Base"),
      numbersOfType("acme.Plain"),
    ]);
    expect(filesIn(answers[0])[0]).toBe("more.proto");
    expect(filesIn(answers[1])[0]).toBe("options.proto");
    expect(answers.slice(2)).toEqual([
      {
        $case: "allExtensionNumbersResponse",
        value: { baseTypeName: "acme.Base", extensionNumber: [101, 150, 5000] },
      },
      {
        $case: "allExtensionNumbersResponse",
        value: { baseTypeName: "acme.Plain", extensionNumber: [] },
      },
    ]);
  });

  it("answers what it does not know inside of the stream, which goes on", async () => {
    const { ask, errors } = await serveReflection([acmeSet]);
    const { answers, outcome } = await ask([
      byName("toString"),
      bySymbol("acme"),
      bySymbol(".acme.More"),
      bySymbol("acme.State.STATE_ON"),
      byExtension("acme.Base", 102),
      byExtension("acme.None", 101),
      numbersOfType("acme.None"),
      bySymbol("acme.Acme"),
    ]);
    expect(answers.slice(0, -1)).toEqual(
      ["file", "symbol", "symbol", "symbol", "extension", "extension", "type"].map(notFound),
    );
    expect(filesIn(answers.at(-1))[0]).toBe("service.proto");
    expect(outcome.code).toBe(status.OK);
    expect(errors).toEqual([]);
  });

  it("ends a stream that asks for nothing known as INVALID_ARGUMENT", async () => {
    const { ask } = await serveReflection([acmeSet]);
    const { answers, outcome } = await ask([byName("base.proto"), undefined, byName("base.proto")]);
    expect(answers.map((answer) => filesIn(answer))).toEqual([["base.proto"]]);
    expect(outcome).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: "message_request must be set to a known one",
    });
  });

  it("describes itself without the user's help", async () => {
    const { ask } = await serveReflection([]);
    const { answers } = await ask([
      bySymbol("grpc.reflection.v1.ServerReflection"),
      bySymbol("grpc.reflection.v1alpha.ServerReflection"),
      bySymbol("grpc.health.v1.Health"),
      bySymbol("examples.ItemService"),
    ]);
    expect(answers.map((answer) => answer?.$case)).toEqual([
      ...Array(3).fill("fileDescriptorResponse"),
      "errorResponse",
    ]);
  });

  it("goes through the interceptors", async () => {
    const refusal = { code: status.UNAUTHENTICATED, details: "who are you" };
    const refuse: ServerInterceptor = (_method, call) =>
      new ServerInterceptingCall(call, { start: () => call.sendStatus(refusal) });
    const { ask } = await serveReflection([acmeSet], { interceptors: [refuse] });
    const { answers, outcome } = await ask([byName("base.proto")]);
    expect(answers).toEqual([]);
    expect(outcome).toMatchObject(refusal);
  });

  it("is off unless added", async () => {
    const { port } = await serveFixture();
    const client = new ServerReflectionClient(`127.0.0.1:${port}`, credentials.createInsecure());
    onTestFinished(() => client.close());
    const call = client.serverReflectionInfo().on("error", () => {});
    const outcome = new Promise<StatusObject>((resolve) => call.on("status", resolve));
    call.end();
    expect((await outcome).code).toBe(status.UNIMPLEMENTED);
  });
});
