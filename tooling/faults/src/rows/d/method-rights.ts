import { HealthReportServiceService } from "@grpc-kit/generated-protos/common/health";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { ServerReflectionService } from "@grpc-kit/generated-protos/grpc/reflection/v1";
import { authorize } from "@grpc-kit/grpc-interceptors/server";
import { missUnless } from "../../harness/judge.ts";
import { tally } from "../../harness/tell.ts";
import type { Row } from "../../row.ts";
import { framed } from "../../wire/framing.ts";
import { developmentSigner } from "./development-tokens.ts";
import { callerOf } from "./key-service.ts";

const readers = new Set(["GetItem", "ListItems"]);

export const methodRights: Row = {
  id: "D18",
  fault:
    "Each method called without a token, with another scope, with none, and with the right one",
  promise:
    "UNAUTHENTICATED without a token, PERMISSION_DENIED without the scope, and neither with it; a method without a rule keeps a server from being made",
  isQuick: true,
  async run(harness) {
    const service = await harness.service();
    const sign = developmentSigner(service);
    const caller = callerOf(harness, service);
    const misses: string[] = [];
    const names: string[] = [];
    async function expectEnd(
      path: string,
      token: string | undefined,
      wanted: string,
    ): Promise<void> {
      const authorization = token && `Bearer ${token}`;
      const { name } = await caller.call(path, framed(new Uint8Array()), { authorization });
      const isRefused = name === "UNAUTHENTICATED" || name === "PERMISSION_DENIED";
      names.push(isRefused ? name : "let in");
      misses.push(
        ...missUnless(
          wanted === "let in" ? !isRefused : name === wanted,
          `${path} ended with ${name}, not ${wanted}`,
        ),
      );
    }
    for (const { path } of Object.values(ItemServiceService)) {
      const isReader = readers.has(path.split("/")[2] ?? "");
      const [right, wrong] = isReader
        ? ["items:read", "items:write"]
        : ["items:write", "items:read"];
      await expectEnd(path, undefined, "UNAUTHENTICATED");
      await expectEnd(path, sign({ scope: "" }), "PERMISSION_DENIED");
      await expectEnd(path, sign({ scope: wrong }), "PERMISSION_DENIED");
      await expectEnd(
        path,
        sign({ scope: `${right}x x${right} ${right?.toUpperCase()}` }),
        "PERMISSION_DENIED",
      );
      await expectEnd(path, sign({ scope: right }), "let in");
    }
    for (const { path } of [
      ...Object.values(HealthReportServiceService),
      ...Object.values(ServerReflectionService),
    ]) {
      await expectEnd(path, undefined, "UNAUTHENTICATED");
      await expectEnd(path, sign({ scope: "" }), "let in");
    }
    const { getItem: _left, ...rules } = Object.fromEntries(
      Object.entries(ItemServiceService).map(([name, { path }]) => [name, [path, {}] as const]),
    );
    return {
      measured: `${names.length} calls: ${tally(names)}; ${misses.length || "none"} wrong`,
      misses: [
        ...misses,
        ...missUnless(
          !isMade(Object.fromEntries(Object.values(rules))),
          "an authorize was made that has no rule for GetItem",
        ),
      ],
    };
  },
};

function isMade(rules: Parameters<typeof authorize>[0]["rules"]): boolean {
  try {
    authorize({ services: [ItemServiceService], rules });
    return true;
  } catch {
    return false;
  }
}
