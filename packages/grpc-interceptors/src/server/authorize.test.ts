import { setTimeout as delay } from "node:timers/promises";
import { Metadata, type ServiceDefinition, status } from "@grpc/grpc-js";
import { ExternalServiceError, findDetail } from "@grpc-kit/grpc-status";
import { type CallKind, callFixture, callKinds, type FixtureCallOptions } from "@grpc-kit/testing";
import { type Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { describe, expect, it, vi } from "vitest";
import { as, believe } from "../../test/limits-identity.ts";
import { serveFixture } from "../../test/serve-fixture.ts";
import { type AuthorizationDecision, type AuthorizeOptions, authorize } from "./authorize.ts";
import type { AuthorizationRule } from "./authorize-rules.ts";
import { serverInterceptor } from "./server-interceptor.ts";

const services: ServiceDefinition[] = [FixtureServiceService];
const fixture = "/fixtures.FixtureService";
const pathOf = (kind: CallKind) => `${fixture}/${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;

async function serve(options: AuthorizeOptions) {
  const [decisions, reached]: [AuthorizationDecision[], string[]] = [[], []];
  const inside = serverInterceptor(({ method }) => {
    reached.push(method.path);
    return { onMessage: (message) => reached.push((message as Envelope).text) };
  });
  const authorization = authorize({ onDecision: (decided) => decisions.push(decided), ...options });
  const { client } = await serveFixture({ interceptors: [believe, authorization, inside] });
  const call = (kind: CallKind, metadata = new Metadata(), more: FixtureCallOptions = {}) =>
    callFixture(client, kind, { metadata, ...more }).outcome;
  return { decisions, reached, call };
}

const serveRule = (rule: AuthorizationRule) => serve({ rules: { [`${fixture}/*`]: rule } });

describe("authorize", () => {
  describe.each(callKinds)("D18 %s", (kind) => {
    const rule = { scopes: [`${kind}:call`, "fixture"] };
    const rules = { [`${fixture}/*`]: { scopes: ["no such scope"] }, [pathOf(kind)]: rule };
    const method = pathOf(kind);

    it("is UNAUTHENTICATED without an identity", async () => {
      const { call, decisions, reached } = await serve({ rules, services });
      const outcome = await call(kind);
      expect([outcome.code, outcome.headers]).toEqual([status.UNAUTHENTICATED, undefined]);
      expect(decisions).toEqual([
        { method, principal: undefined, rule: method, allowed: false, reason: "no_identity" },
      ]);
      expect(reached).toEqual([]);
    });

    it.each([[[]], [["fixture"]], [["fixture", `${kind}:cal`]], [["*", "admin"]]])(
      "is PERMISSION_DENIED with the scopes %o",
      async (scopes) => {
        const { call, decisions, reached } = await serve({ rules, services });
        const outcome = await call(kind, as("ada", { scopes }));
        expect([outcome.code, outcome.headers]).toEqual([status.PERMISSION_DENIED, undefined]);
        expect(decisions).toEqual([
          { method, principal: "ada", rule: method, allowed: false, reason: "scope_missing" },
        ]);
        expect(reached).toEqual([]);
      },
    );

    it("is let through with the right scopes", async () => {
      const { call, decisions, reached } = await serve({ rules, services });
      const scopes = ["other", "fixture", `${kind}:call`];
      expect((await call(kind, as("ada", { scopes }))).code).toBe(status.OK);
      expect(decisions).toEqual([
        { method, principal: "ada", rule: method, allowed: true, reason: "allowed" },
      ]);
      expect(reached[0]).toBe(method);
    });
  });

  it("D18 does not come about with a method without a rule, or a rule for none", () => {
    const { [pathOf("bidi")]: _bidi, ...some } = Object.fromEntries(
      Object.values(FixtureServiceService).map(({ path }) => [path, { scopes: ["a"] }]),
    );
    expect(() => authorize({ rules: some, services })).toThrow(
      new TypeError(`rules must have one for each method, got none for ${pathOf("bidi")}`),
    );
    for (const pattern of [`${fixture}/Gone`, "/gone.Service/*"]) {
      const rules = { [`${fixture}/*`]: {}, [pattern]: {} };
      expect(() => authorize({ rules, services })).toThrow(
        new TypeError(`rules must be for methods of the services, got ${pattern}`),
      );
    }
  });

  it("lets the most exact rule count, and no other", async () => {
    const { call } = await serve({
      rules: {
        "/*": { scopes: ["all"] },
        [`${fixture}/*`]: { scopes: ["service"] },
        [pathOf("bidi")]: { public: true },
      },
      services: [
        FixtureServiceService,
        { other: { ...FixtureServiceService.unary, path: "/o.O/O" } },
      ],
    });
    expect((await call("unary", as("ada", { scopes: ["all"] }))).code).toBe(
      status.PERMISSION_DENIED,
    );
    expect((await call("unary", as("ada", { scopes: ["service"] }))).code).toBe(status.OK);
    expect((await call("bidi")).code).toBe(status.OK);
  });

  it("denies what no rule is for", async () => {
    const { call, decisions } = await serve({ rules: { [pathOf("bidi")]: { public: true } } });
    expect((await call("unary")).code).toBe(status.UNAUTHENTICATED);
    expect((await call("unary", as("ada", { scopes: ["a"] }))).code).toBe(status.PERMISSION_DENIED);
    expect(decisions.at(-1)).toMatchObject({ rule: undefined, reason: "no_rule" });
  });

  it("C10 answers alike whatever is missing and whatever is asked for", async () => {
    const rule = { scopes: ["a"], anyScope: ["b", "c"], anyRole: ["r"], allow: () => false };
    const { call } = await serveRule(rule);
    const answers = new Set<string>();
    for (const [index, caller] of [
      {},
      { scopes: ["a"] },
      { scopes: ["a", "c"] },
      { scopes: ["a", "b"], roles: ["r"] },
    ].entries()) {
      const requests = [{ text: index === 0 ? "exists" : "does not exist" }];
      const outcome = await call("unary", as(`caller${index}`, caller), { requests });
      const { "grpc-status-details-bin": details, "error-detail-bin": detail } =
        outcome.trailers.toJSON();
      answers.add(JSON.stringify([outcome.code, outcome.details, details, detail]));
    }
    expect([...answers]).toHaveLength(1);
    expect([...answers][0]).toContain('[7,"permission denied"');
  });

  it("asks no more than an identity of a rule that names nothing", async () => {
    const { call } = await serveRule({});
    expect((await call("unary")).code).toBe(status.UNAUTHENTICATED);
    expect((await call("unary", as("ada"))).code).toBe(status.OK);
  });

  it("takes one of many scopes, and one of many roles", async () => {
    const { call, decisions } = await serveRule({ anyScope: ["r", "w"], anyRole: ["x", "y"] });
    expect((await call("unary", as("ada", { scopes: ["w"], roles: ["y"] }))).code).toBe(status.OK);
    await call("unary", as("ada", { scopes: ["z"], roles: ["y"] }));
    await call("unary", as("ada", { scopes: ["w"], roles: ["z"] }));
    const reasons = decisions.map(({ reason }) => reason);
    expect(reasons).toEqual(["allowed", "scope_missing", "role_missing"]);
  });

  it("finds the roles where it is told to", async () => {
    const rules = { "/*": { anyRole: ["admin"] } };
    const { call } = await serve({ rules, rolesOf: ({ subject }) => [subject] });
    expect((await call("unary", as("admin"))).code).toBe(status.OK);
    expect((await call("unary", as("ada", { roles: ["admin"] }))).code).toBe(
      status.PERMISSION_DENIED,
    );
  });

  it.each<[string, AuthorizationRule["allow"], status]>([
    ["true", () => true, status.OK],
    ["true, later", () => delay(5, true), status.OK],
    ["false", () => false, status.PERMISSION_DENIED],
    ["false, later", () => delay(5, false), status.PERMISSION_DENIED],
    ["nothing", () => undefined as unknown as boolean, status.PERMISSION_DENIED],
    ["something", () => "yes" as unknown as boolean, status.PERMISSION_DENIED],
  ])("asks a predicate, which says %s", async (_what, allow, code) => {
    const asked = vi.fn(allow);
    const { call, decisions } = await serveRule({ scopes: ["a"], allow: asked });
    await call("unary", as("ada"));
    expect(asked).not.toHaveBeenCalled();
    for (const kind of callKinds) {
      expect((await call(kind, as("ada", { scopes: ["a"] }))).code).toBe(code);
    }
    expect(asked.mock.lastCall?.[1].subject).toBe("ada");
    expect(decisions.at(-1)?.reason).toBe(code === status.OK ? "allowed" : "denied");
  });

  it.each<[string, Error, status, AuthorizationRule["allow"]]>([
    ["throws", new Error("S3CR3T"), status.INTERNAL, undefined],
    ["rejects", new Error("S3CR3T"), status.INTERNAL, () => Promise.resolve(true)],
    ["cannot ask", new ExternalServiceError("S3CR3T"), status.UNAVAILABLE, undefined],
  ])("denies, and hides why, if a predicate %s", async (_how, error, code, later) => {
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const { call, decisions, reached } = await serveRule({
      allow: () => {
        if (later === undefined) {
          throw error;
        }
        return Promise.reject(error);
      },
    });
    const outcome = await call("bidi", as("ada"));
    expect(outcome.code).toBe(code);
    expect(outcome.details).not.toContain("S3CR3T");
    const wire = Object.assign(new Error(), outcome, { metadata: outcome.trailers });
    expect(findDetail(wire, "errorInfo")?.metadata.get("errorId")).toBeDefined();
    expect(decisions).toMatchObject([{ principal: "ada", allowed: false, reason: "failed" }]);
    expect(reached).toEqual([]);
  });

  it.each(["clientStream", "bidi"] as const)("decides about each message: %s", async (kind) => {
    const allowMessage = (message: unknown) => (message as Envelope).text !== "other tenant";
    const { call, decisions, reached } = await serveRule({ allowMessage });
    const requests = ["a", "b", "other tenant", "c"].map((text) => ({ text }));
    const { code, details } = await call(kind, as("ada"), { requests });
    expect([code, details]).toEqual([status.PERMISSION_DENIED, "permission denied"]);
    expect(reached).toEqual([pathOf(kind), "a", "b"]);
    expect(decisions.map(({ reason }) => reason)).toEqual(["allowed", "message_denied"]);
  });

  it("denies a message that it cannot decide about", async () => {
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const { call, decisions } = await serveRule({
      allowMessage: () => {
        throw new Error("S3CR3T");
      },
    });
    expect((await call("unary", as("ada"))).details).toBe("internal error");
    expect(decisions.map(({ reason }) => reason)).toEqual(["allowed", "message_failed"]);
  });

  const fail = (): never => {
    throw new Error("disk full");
  };

  it.each([
    ["now", fail],
    ["later", async () => fail()],
  ])("refuses a call that cannot be audited %s", async (_when, onDecision) => {
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const { call, reached } = await serve({ rules: { "/*": {} }, onDecision });
    expect((await call("unary", as("ada"))).code).toBe(status.INTERNAL);
    expect(reached).toEqual([]);
  });
});
