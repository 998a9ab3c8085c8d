import { ServerInterceptingCall, type ServerInterceptor, status } from "@grpc/grpc-js";
import { callFixture } from "@grpc-kit/testing";
import { describe, expect, it } from "vitest";
import { serveFixture } from "../../test/serve-fixture.ts";
import { type Method, toMethod } from "../method.ts";
import { health, methods, not, reflection } from "../method-match.ts";
import { select } from "./select.ts";
import { serverInterceptor } from "./server-interceptor.ts";

function methodOf(path: string): Method {
  return toMethod({ path, requestStream: false, responseStream: false });
}

const getItem = methodOf("/examples.ItemService/GetItem");
const check = methodOf("/grpc.health.v1.Health/Check");

describe("methods", () => {
  it.each([
    ["/examples.ItemService/GetItem", true, false],
    ["/examples.ItemService/GetItems", false, false],
    ["/examples.ItemService/*", true, false],
    ["/examples.ItemServiceTwo/*", false, false],
    ["/*", true, true],
  ])("matches %s", (pattern, isItem, isHealth) => {
    const match = methods(pattern);
    expect([match(getItem), match(check)]).toEqual([isItem, isHealth]);
  });

  it.each(["", "*", "GetItem", "/a.B/", "/a.B/C*", "/a.B/C/", "//a.B/C", "/a.B/C "])(
    "takes no pattern like %j",
    (pattern) => {
      expect(() => methods("/*", pattern)).toThrow(`got "${pattern}"`);
    },
  );

  it("has presets, and their opposite", () => {
    expect([health(check), health(getItem), not(health)(getItem)]).toEqual([true, false, true]);
    expect(health(methodOf("/grpc.health.v1.HealthReport/Check"))).toBe(false);
    expect(reflection(methodOf("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"))).toBe(
      true,
    );
    expect(reflection(check)).toBe(false);
  });
});

describe("select", () => {
  it.each([true, false])("lets calls of other methods pass by, foreign: %s", async (isForeign) => {
    const seen: string[] = [];
    const asked: string[] = [];
    const foreign: ServerInterceptor = (definition, call) => {
      seen.push(definition.path);
      return new ServerInterceptingCall(call);
    };
    const own = serverInterceptor(({ method }) => {
      seen.push(method.path);
      return undefined;
    });
    const selected = select(isForeign ? foreign : own, (method) => {
      asked.push(method.name);
      return method.kind === "bidi_stream";
    });
    const { client } = await serveFixture({ interceptors: [selected] });
    for (const kind of ["unary", "bidi", "unary", "bidi"] as const) {
      expect((await callFixture(client, kind).outcome).code).toBe(status.OK);
    }
    expect(seen).toEqual(Array(2).fill("/fixtures.FixtureService/Bidi"));
    expect(asked).toEqual(["Unary", "Bidi"]);
  });
});
