import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { lateUnless, missUnless } from "../../harness/judge.ts";
import { tally, wrongAmong } from "../../harness/tell.ts";
import type { Row } from "../../row.ts";
import {
  accepted,
  callerOf,
  freshToken,
  issuerVariables,
  newIssuer,
  tryToken,
} from "./key-service.ts";

export const keyRotation: Row = {
  id: "D12",
  fault: "The issuer changes its keys under load",
  promise:
    "a new key in the file is good within a second, an old one until it is removed, 10 s later at the latest; no call is wrongly refused",
  isQuick: false,
  async run(harness) {
    const folder = mkdtempSync(join(tmpdir(), "faults-rotation-"));
    harness.onEnd(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, "jwks.json");
    const issuers = { old: newIssuer(), next: newIssuer(), unknown: newIssuer() };
    const publish = (...kids: readonly (keyof typeof issuers)[]): void => {
      const keys = kids.map((kid) => ({
        ...issuers[kid].rsa.publicKey.export({ format: "jwk" }),
        kid,
      }));
      writeFileSync(`${file}.new`, JSON.stringify({ keys }));
      renameSync(`${file}.new`, file);
    };
    publish("old");
    const env = { ...issuerVariables, AUTH_JWKS_FILE: file };
    const service = await harness.service({ env, own: true });
    const caller = callerOf(harness, service);
    const call = (kid: keyof typeof issuers): Promise<string> =>
      tryToken(caller, freshToken(issuers[kid], { kid }));

    let current: keyof typeof issuers = "old";
    let isOver = false;
    const names: string[] = [];
    const load = async (): Promise<void> => {
      while (!isOver) {
        names.push(await call(current));
        await delay(2);
      }
    };
    const lanes = Promise.all([load(), load(), load()]);
    await delay(200);
    // Nobody has used the new key yet, so nothing has made the service look.
    publish("old", "next");
    const publishedMs = performance.now();
    while ((await call("next")) !== accepted && performance.now() - publishedMs < 10_000) {
      await delay(10);
    }
    const tookMs = performance.now() - publishedMs;
    const old = await call("old");
    current = "next";
    await delay(200);
    publish("next");
    const removedMs = performance.now();
    let after = accepted;
    while (after === accepted && performance.now() - removedMs < 20_000) {
      if (harness.isQuick) {
        // A key that is not there has the file read again, and sooner than by its age.
        await call("unknown");
      }
      after = await call("old");
      await delay(20);
    }
    const goneMs = performance.now() - removedMs;
    isOver = true;
    await lanes;
    return {
      measured: `the new key was good after ${Math.round(tookMs)} ms, the old one until it was gone for ${Math.round(goneMs)} ms; beside it ${tally(names)}`,
      misses: [
        ...wrongAmong("calls", names, [accepted]),
        ...lateUnless(tookMs < 1_500, `the new key was good after ${Math.round(tookMs)} ms only`),
        ...missUnless(old === accepted, `the old key ended with ${old} before it was removed`),
        ...lateUnless(
          goneMs < 12_000,
          `the old key was good for ${Math.round(goneMs)} ms after it was gone`,
        ),
        ...missUnless(after === "UNAUTHENTICATED", `the old key still ended with ${after}`),
      ],
    };
  },
};
