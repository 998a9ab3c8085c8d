import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { durationMs, findRoute, type HttpRoute, type RoutedCall } from "./find-route.ts";
import { readIstioFiles, specOf } from "./istio-files.ts";
import { itemMethods, servedMethods } from "./served-methods.ts";

const { hosts, http } = specOf<{ hosts: readonly string[]; http: readonly HttpRoute[] }>(
  readIstioFiles(),
  "VirtualService",
);
const proto = readFileSync(
  join(import.meta.dirname, "../../../../protos/examples/items.proto"),
  "utf8",
);
// By path, what the contract says of calling a method twice.
const levels = new Map(
  [...proto.matchAll(/rpc (\w+)\([^{]*\{\s*option idempotency_level = (\w+);/g)].map(
    ([, name, level]) => [`/examples.ItemService/${name}`, level],
  ),
);

function route(call: RoutedCall): HttpRoute {
  const found = findRoute(http, call);
  if (found === undefined) {
    throw new Error(`there must be a route for ${call.path}`);
  }
  return found;
}

/** The route that a method must have: a stream, a read or a write. */
function wantedRoute({ path, streams }: (typeof itemMethods)[number]): string {
  if (streams) {
    return "streams";
  }
  return levels.get(path) === "NO_SIDE_EFFECTS" ? "reads" : "writes";
}

describe("virtualservice.yaml", () => {
  it("is for the Service that balances, and sends all calls there", () => {
    expect(hosts).toEqual(["item-service"]);
    expect(new Set(http.map((each) => JSON.stringify(each.route)))).toEqual(
      new Set(['[{"destination":{"host":"item-service"}}]']),
    );
  });

  it("says for every route whether it is repeated, since Istio repeats what says nothing", () => {
    expect(http.filter(({ retries }) => retries?.attempts === undefined)).toEqual([]);
  });

  it("knows of each method of the contract whether it may be called twice", () => {
    expect([...levels.keys()].sort()).toEqual(itemMethods.map(({ path }) => path).sort());
  });

  it.each(itemMethods)("has a route for $path that fits its kind", (method) => {
    expect(route(method).name).toBe(wantedRoute(method));
  });

  it.each(servedMethods.filter(({ streams }) => streams))(
    "gives the stream $path a route without a timeout and without retries",
    ({ path }) => {
      expect(route({ path })).toMatchObject({ name: "streams", retries: { attempts: 0 } });
      expect(route({ path })).not.toHaveProperty("timeout");
    },
  );

  it("names no method that there is not", () => {
    const named = http.flatMap(({ match = [] }) => match.map(({ uri }) => uri?.exact));
    const served = servedMethods.map(({ path }) => path);
    expect(named.filter((path) => path === undefined || !served.includes(path))).toEqual([]);
  });

  it("repeats reads alone, on failures before anything was done, and not what was cancelled", () => {
    const repeated = servedMethods.filter(({ path }) => route({ path }).retries?.attempts !== 0);
    expect(repeated.map(({ path }) => path)).toEqual(["/examples.ItemService/GetItem"]);
    expect(route({ path: "/examples.ItemService/GetItem" }).retries).toEqual({
      attempts: 2,
      perTryTimeout: "3s",
      retryOn: "connect-failure,refused-stream,unavailable",
    });
  });

  it("repeats no call that its client sends again", () => {
    const headers = { "grpc-previous-rpc-attempts": "1" };
    for (const { path } of servedMethods) {
      expect(route({ path, headers }).retries?.attempts).toBe(0);
      expect(route({ path, headers }).timeout).toBe(route({ path }).timeout);
    }
  });

  it("gives unary calls of the contract 15 s, in which all attempts fit", () => {
    for (const { path } of itemMethods.filter(({ streams }) => !streams)) {
      const { timeout = "", retries } = route({ path });
      const attemptsMs =
        durationMs(retries?.perTryTimeout ?? timeout) * (1 + (retries?.attempts ?? 0));
      // Pauses are 25 ms times 2^n at the most 250 ms: a second is plenty for two.
      const pausesMs = retries?.attempts === 0 ? 0 : 1_000;
      expect(timeout).toBe("15s");
      expect(attemptsMs + pausesMs).toBeLessThanOrEqual(durationMs(timeout));
    }
  });

  it("lets whatever else comes pass as it is, for as long as it takes", () => {
    const known = new Set(http.flatMap(({ match = [] }) => match.map(({ uri }) => uri?.exact)));
    const anyPath = fc
      .oneof(fc.webPath(), fc.constant("/grpc.health.v1.Health/Check"))
      .filter((path) => !known.has(path));
    fc.assert(
      fc.property(anyPath, (path) => {
        expect(route({ path })).toMatchObject({ name: "others", retries: { attempts: 0 } });
        expect(route({ path })).not.toHaveProperty("timeout");
      }),
    );
  });
});

describe("findRoute", () => {
  const routes = [
    { name: "a", match: [{ uri: { exact: "/a" }, headers: { x: {} } }], route: [] },
    { name: "b", match: [{ uri: { exact: "/b" } }, { uri: { exact: "/a" } }], route: [] },
  ] satisfies HttpRoute[];

  it("takes the first route of which one match holds, with all that it says", () => {
    expect(findRoute(routes, { path: "/a", headers: { x: "1" } })?.name).toBe("a");
    expect(findRoute(routes, { path: "/a", headers: { y: "1" } })?.name).toBe("b");
    expect(findRoute(routes, { path: "/c" })).toBeUndefined();
  });

  it("refuses conditions that it does not evaluate", () => {
    const prefix = { match: [{ uri: { prefix: "/" } }], route: [] } as unknown as HttpRoute;
    expect(() => findRoute([prefix], { path: "/a" })).toThrow(/must be those .* got prefix/);
  });

  it("reads durations", () => {
    expect(["15s", "1m30s", "250ms", "1.5s"].map(durationMs)).toEqual([15_000, 90_000, 250, 1_500]);
    expect(() => durationMs("15")).toThrow(TypeError);
  });
});
