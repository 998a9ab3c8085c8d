import { status } from "@grpc/grpc-js";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { describe, expect, it } from "vitest";
import { signDevelopmentToken } from "../../src/auth/development-keys.ts";
import { developmentAuth } from "../../src/auth-settings.ts";
import { stubOf } from "../serve.ts";
import { skusIn } from "./items-database.ts";
import { beginCall } from "./running-calls.ts";
import { serveWatched } from "./watched-items.ts";

describe.each(["serverStream", "clientStream", "bidi"] as const)("a stream: %s", (kind) => {
  it("D17: is cut when the token that opened it expires, and no sooner", async () => {
    const items = await serveWatched();
    const { address, dataFolder, service, databasePath } = items;
    const token = await signDevelopmentToken(developmentAuth(dataFolder), {
      scope: "items:read items:write",
      subject: "ada",
      expiresIn: "5s",
    });
    const [, payload = ""] = token.split(".");
    const { exp } = JSON.parse(Buffer.from(payload, "base64url").toString());
    const client = stubOf(ItemServiceService, address, { token });
    const call = await beginCall[kind]({ ...items, client }, {});
    await expect.poll(() => service.inFlight, { timeout: 10_000 }).toBe(0);
    // Timers may be a millisecond early.
    expect(Date.now()).toBeGreaterThanOrEqual(exp * 1_000 - 1);
    expect(await call.failure()).toMatchObject({
      code: status.UNAUTHENTICATED,
      reason: "TOKEN_EXPIRED",
    });
    await expect
      .poll(() => items.counted(call.method))
      .toEqual({ started: 1, inFlight: 0, handled: { Unauthenticated: 1 } });
    await service.stop({ graceMs: 0 });
    expect(skusIn(databasePath)).toEqual(call.created);
  });
});
