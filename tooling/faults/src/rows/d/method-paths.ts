import { missUnless } from "../../harness/judge.ts";
import type { Row } from "../../row.ts";
import { framed } from "../../wire/framing.ts";
import { callerOf } from "./key-service.ts";

// Check and Watch of health are what anybody may call.
const open = "/grpc.health.v1.Health/Check";

const nearly = [
  "//grpc.health.v1.Health/Check",
  "/grpc.health.v1.Health//Check",
  "/grpc.health.v1.Health/Check/",
  "/grpc.health.v1.Health/check",
  "/grpc.health.v1.health/Check",
  "/GRPC.HEALTH.V1.HEALTH/CHECK",
  "/grpc.health.v1.Health/Check?a=b",
  "/grpc.health.v1.Health/Check#a",
  "/grpc.health.v1.Health/Check%00",
  "/grpc.health.v1.Health/%43heck",
  "/grpc.health.v1.Health/Check;/examples.ItemService/GetItem",
  "/grpc.health.v1.Health/Check/../../examples.ItemService/GetItem",
  "/grpc.health.v1.Health/../examples.ItemService/GetItem",
  "/./grpc.health.v1.Health/Check",
  "grpc.health.v1.Health/Check",
  "*",
  "/",
];

const closed = [
  "/examples.ItemService/GetItem",
  "/examples.ItemService/ListItems",
  "/common.HealthReportService/GetHealthReport",
];

/** The same path, as somebody writes it who hopes that another part of the server reads it otherwise. */
const disguises: readonly ((path: string) => string)[] = [
  (path) => path,
  (path) => `/${path}`,
  (path) => `${path}/`,
  (path) => path.toLowerCase(),
  (path) => path.toUpperCase(),
  (path) => `/grpc.health.v1.Health/Check/..${path}`,
  (path) => `${path}?x=/grpc.health.v1.Health/Check`,
  (path) => `${path}#/grpc.health.v1.Health/Check`,
  (path) => path.replace(/\/(?=[^/]*$)/, "//"),
  (path) => path.replace(/\/(?=[^/]*$)/, "%2f"),
  (path) => path.replace(/\/(?=[^/]*$)/, "/./"),
  (path) => `${path}%00`,
  (path) => `http://127.0.0.1${path}`,
];

const refused = ["UNAUTHENTICATED", "UNIMPLEMENTED"];

export const methodPaths: Row = {
  id: "D16",
  fault:
    "Paths that are nearly those of a method that anybody may call: slashes, cases, queries, escapes, unknown services",
  promise:
    "without a token only the exact path is let in; any other is UNAUTHENTICATED or UNIMPLEMENTED",
  isQuick: true,
  async run(harness) {
    const service = await harness.service();
    const caller = callerOf(harness, service);
    const tries = [
      ...nearly,
      ...closed.flatMap((path) => disguises.map((disguise) => disguise(path))),
    ];
    const misses: string[] = [];
    let cut = 0;
    for (const path of tries) {
      const { name, body } = await caller.call(path, framed(new Uint8Array()));
      // A path that HTTP/2 does not allow ends without a status.
      const isWithoutStatus = name === "cut" || name.startsWith("RST");
      cut += isWithoutStatus ? 1 : 0;
      misses.push(
        ...missUnless(
          body.byteLength === 0 && (isWithoutStatus || refused.includes(name)),
          `${path} ended with ${name} and ${body.byteLength} bytes`,
        ),
      );
    }
    const { name } = await caller.call(open, framed(new Uint8Array()));
    return {
      measured: `${tries.length} paths, ${misses.length || "none"} let in, ${cut} without a status; the exact one: ${name}`,
      misses: [...misses, ...missUnless(name === "OK", `${open} ended with ${name}`)],
    };
  },
};
