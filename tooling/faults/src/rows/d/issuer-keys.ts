import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { type JwksMode, type JwksServer, startJwksServer } from "@grpc-kit/testing/jwks-server";
import type { TokenForge } from "@grpc-kit/testing/token-forge";
import type { Harness } from "../../harness/harness.ts";
import { inLanes } from "../../harness/in-lanes.ts";
import { missUnless } from "../../harness/judge.ts";
import type { Service } from "../../harness/service.ts";
import { tally, wrongAmong } from "../../harness/tell.ts";
import type { Row } from "../../row.ts";
import type { WireCaller } from "../../wire/wire-calls.ts";
import { sendForgeries } from "./forged-tokens.ts";
import {
  accepted,
  callerOf,
  freshToken,
  issuerVariables,
  newIssuer,
  tryToken,
} from "./key-service.ts";

export interface IssuerService {
  readonly tokens: TokenForge;
  readonly jwks: JwksServer;
  readonly service: Service;
  readonly caller: WireCaller;
}

/** A service of its own that reads its keys from a server of the row's. */
export async function serviceWithIssuer(
  harness: Harness,
  mode: JwksMode = "ok",
): Promise<IssuerService> {
  const tokens = newIssuer();
  const keys = [{ ...tokens.rsa.publicKey.export({ format: "jwk" }), kid: "known", use: "sig" }];
  const jwks = await startJwksServer({ keys });
  harness.onEnd(() => jwks.close());
  jwks.mode = mode;
  const until = mode === "ok" ? "serving" : "listening";
  const env = { ...issuerVariables, AUTH_JWKS_URL: jwks.url };
  const service = await harness.service({ env, own: true, until });
  return { tokens, jwks, service, caller: callerOf(harness, service) };
}

/** A token of a key that the issuer does not have. */
export function unknownKey(tokens: TokenForge): string {
  return freshToken(tokens, { kid: randomUUID() });
}

export const pointingTokens: Row = {
  id: "D8",
  fault:
    "Tokens that bring a key of their own (jwk, x5c), or say where it is (jku, x5u, kid with paths, SQL, 5 KB)",
  promise:
    "each is UNAUTHENTICATED, nobody asks at the place, and no token makes the issuer be asked for more than its keys",
  isQuick: false,
  async run(harness) {
    let hits = 0;
    const elsewhere = createServer((_request, response) => {
      hits += 1;
      response.end("{}");
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
    harness.onEnd(() => void elsewhere.close());
    const { port } = elsewhere.address() as AddressInfo;
    const issuer = await serviceWithIssuer(harness);
    const { measured, misses } = await sendForgeries(issuer, "D8", `http://127.0.0.1:${port}`);
    const { jwks } = issuer;
    return {
      measured: `${measured}; ${hits} requests elsewhere, ${jwks.hits} for the issuer's keys, ${jwks.strayHits} for anything else of it`,
      misses: [
        ...misses,
        ...missUnless(hits === 0, `${hits} requests were made to where tokens pointed`),
        ...missUnless(
          jwks.strayHits === 0,
          `${jwks.strayHits} requests were made for other paths of the issuer`,
        ),
        ...missUnless(jwks.hits <= 2, `the keys were read ${jwks.hits} times`),
      ],
    };
  },
};

export const unknownKeys: Row = {
  id: "D10",
  fault: "A flood of tokens whose kid nobody knows",
  promise:
    "each is UNAUTHENTICATED, and the keys are read at most once more within the cooldown of 30 s",
  isQuick: true,
  async run(harness) {
    const { tokens, jwks, caller } = await serviceWithIssuer(harness);
    const count = harness.isQuick ? 500 : 10_000;
    const kids = Array.from({ length: count }, () => unknownKey(tokens));
    const names = await inLanes(kids, 16, (token) => tryToken(caller, token));
    const good = await tryToken(caller, freshToken(tokens, { kid: "known" }));
    return {
      measured: `of ${count} calls ${tally(names)}; the keys were read ${jwks.hits} times`,
      misses: [
        ...wrongAmong("calls", names, ["UNAUTHENTICATED"]),
        ...missUnless(jwks.hits <= 2, `the keys were read ${jwks.hits} times, more than twice`),
        ...missUnless(good === accepted, `a good token ended with ${good}`),
      ],
    };
  },
};

export const issuerDown: Row = {
  id: "D11",
  fault: "The issuer's key server goes away, and was never there",
  promise:
    "known keys stay good; without keys calls are UNAVAILABLE; the server is asked after 1 s, 2 s, 4 s …, however many call",
  isQuick: false,
  async run(harness) {
    const [left, never] = await Promise.all([
      serviceWithIssuer(harness),
      serviceWithIssuer(harness, "down"),
    ]);
    const known = await tryToken(left.caller, freshToken(left.tokens, { kid: "known" }));
    left.jwks.mode = "down";
    const seconds = harness.isQuick ? 1.5 : 10;
    const [goodHits, lostHits] = [left.jwks.hits, never.jwks.hits];
    const endMs = performance.now() + seconds * 1_000;
    const good: string[] = [];
    const unknown: string[] = [];
    const lost: string[] = [];
    const call = async (into: string[], { caller }: IssuerService, next: () => string) => {
      while (performance.now() < endMs) {
        into.push(await tryToken(caller, next()));
        await delay(1);
      }
    };
    await Promise.all([
      ...Array.from({ length: 4 }, () =>
        call(good, left, () => freshToken(left.tokens, { kid: "known" })),
      ),
      call(unknown, left, () => unknownKey(left.tokens)),
      ...Array.from({ length: 2 }, () =>
        call(lost, never, () => freshToken(never.tokens, { kid: "known" })),
      ),
    ]);
    const asked = { left: left.jwks.hits - goodHits, never: never.jwks.hits - lostHits };
    // It never serves.
    await never.service.stop();
    // After 0, 1, 3, 7, 15 … seconds; a step may have been under way.
    const most = 2 + Math.floor(Math.log2(seconds + 1));
    return {
      measured: `in ${seconds} s ${tally(good)} by a known key and ${tally(unknown)} by unknown ones, ${asked.left} reads; ${tally(lost)} without keys, ${asked.never} reads`,
      misses: [
        ...missUnless(known === accepted, `a good token ended with ${known} before`),
        ...wrongAmong("calls", good, [accepted]),
        ...wrongAmong("calls", unknown, ["UNAUTHENTICATED", "UNAVAILABLE"]),
        ...wrongAmong("calls", lost, ["UNAVAILABLE"]),
        ...missUnless(
          asked.left <= most,
          `the issuer was asked ${asked.left} times, more than ${most}`,
        ),
        ...missUnless(
          asked.never <= most,
          `an issuer that is down was asked ${asked.never} times, more than ${most}`,
        ),
      ],
    };
  },
};
