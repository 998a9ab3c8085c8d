import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { missUnless } from "../../harness/judge.ts";
import type { Service } from "../../harness/service.ts";
import { CannotRunError } from "../../not-run.ts";
import type { Row } from "../../row.ts";
import { framed } from "../../wire/framing.ts";
import { textOnWire, type WireCaller } from "../../wire/wire-calls.ts";
import { serviceWithIssuer } from "../d/issuer-keys.ts";
import { callerOf, freshToken, serviceWithKey } from "../d/key-service.ts";

const reflection = ["v1", "v1alpha"].map(
  (version) => `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
);
// A request for the names of all services: https://github.com/grpc/grpc-proto/blob/master/grpc/reflection/v1/reflection.proto
const listServices = framed(Buffer.from([0x3a, 0x01, 0x2a]));

export const reflectionExposure: Row = {
  id: "E10",
  fault: "Reflection, asked for by anybody, in development and in production",
  promise:
    "UNAUTHENTICATED without a token; in production UNIMPLEMENTED for all, unless it is turned on",
  isQuick: false,
  async run(harness) {
    const production = { NODE_ENV: "production", GRPC_SERVER_INSECURE: "true" };
    const off = await serviceWithKey(harness, production);
    const on = await serviceWithKey(harness, {
      ...production,
      GRPC_SERVER_REFLECTION_ENABLED: "true",
    });
    const development = await serviceWithKey(harness);
    const cases = [
      ["production", off, ["UNIMPLEMENTED", "UNIMPLEMENTED"]],
      ["production, turned on", on, ["UNAUTHENTICATED", "OK"]],
      ["development", development, ["UNAUTHENTICATED", "OK"]],
    ] as const;
    const misses: string[] = [];
    const told: string[] = [];
    for (const [name, { caller, tokens }, wanted] of cases) {
      for (const path of reflection) {
        const authorization = `Bearer ${freshToken(tokens)}`;
        const ends = [
          (await caller.call(path, listServices)).name,
          (await caller.call(path, listServices, { authorization })).name,
        ];
        misses.push(
          ...missUnless(
            ends.join() === wanted.join(),
            `in ${name}, ${path} ended with ${ends.join(" and ")}`,
          ),
        );
        told.push(`${name}: ${ends.join(" and, with a token, ")}`);
      }
    }
    return { measured: [...new Set(told)].join("; "), misses };
  },
};

/** What nobody may be told who asks for health. */
const internals = ["database", "sqlite", "token_keys", "jwks", "ECONN", "hang up", "127.0.0.1:"];

export const healthLeakage: Row = {
  id: "E11",
  fault: "Health, asked for everything it has, while a dependency is ill",
  promise:
    "it names no dependency and no error; unknown services are NOT_FOUND; the report of dependencies wants a token",
  isQuick: true,
  async run(harness) {
    const { service, caller } = await serviceWithIssuer(harness, "down");
    const health = (method: string, name = "") => {
      const text = Buffer.from(name);
      return caller.call(
        `/grpc.health.v1.Health/${method}`,
        framed(Buffer.from([0x0a, text.byteLength, ...text])),
      );
    };
    const known = ["", "readiness", "liveness", "startup", "examples.ItemService"];
    const unknown = ["database", "token_keys", "nobody", "examples.ItemService/GetItem", "*", "%"];
    const answers = [];
    for (const name of known) {
      answers.push({ name, answer: await health("Check", name), wanted: "OK" });
    }
    for (const name of unknown) {
      answers.push({ name, answer: await health("Check", name), wanted: "NOT_FOUND" });
    }
    const list = await health("List");
    const report = await caller.call(
      "/common.HealthReportService/GetHealthReport",
      framed(new Uint8Array()),
    );
    const wire = [...answers.map(({ answer }) => answer), list, report].map(textOnWire).join("\n");
    const found = internals.filter(
      (text) => wire.toLowerCase().includes(text.toLowerCase()) && !unknown.includes(text),
    );
    // A name that was asked for may be repeated to who asked, but not be told by the list.
    const listed = unknown.filter((name) => textOnWire(list).includes(name));
    const serving = answers.find(({ name }) => name === "readiness")?.answer.body;
    await service.stop();
    return {
      measured: `${answers.length + 2} calls, ${wire.length} characters, ${found.length + listed.length || "none"} of ${internals.length} internals found; List: ${list.name}, the report: ${report.name}`,
      misses: [
        ...answers
          .filter(({ answer, wanted }) => answer.name !== wanted)
          .map(({ name, answer, wanted }) => `"${name}" ended with ${answer.name}, not ${wanted}`),
        ...found.map((text) => `"${text}" was on the wire`),
        ...listed.map((text) => `"${text}" was in the list`),
        ...missUnless(serving?.at(-1) === 2, "readiness is not NOT_SERVING, so nothing was ill"),
        ...missUnless(report.name === "UNAUTHENTICATED", `the report ended with ${report.name}`),
      ],
    };
  },
};

export const openPorts: Row = {
  id: "E13",
  fault: "Channelz, the admin pages and metrics, looked for on all that the process listens on",
  promise:
    "it listens on the two ports that it was told, the admin port on the loopback alone; the gRPC port has neither pages nor channelz",
  isQuick: true,
  async run(harness) {
    const service = await harness.service({ own: true, env: { GRPC_SERVER_HOST: "0.0.0.0" } });
    const found = listeningPorts(service).sort();
    const adminPort = Number(new URL(service.adminUrl).port);
    const wanted = [`0.0.0.0:${service.port}`, `127.0.0.1:${adminPort}`].sort();
    const caller = callerOf(harness, { ...service, host: "127.0.0.1" });
    const token = `Bearer ${service.token()}`;
    const admin = await Promise.all(
      [
        "/metrics",
        "/status.json",
        "/",
        "/healthz",
        "/grpc.channelz.v1.Channelz/GetServers",
        "/grpc.channelz.v1.Channelz/GetTopChannels",
      ].map(async (path) => ({ path, name: await answerOf(caller, path, token) })),
    );
    const open = admin.filter(({ name }) => name !== "UNIMPLEMENTED");
    return {
      measured: `it listens on ${found.length} ports; ${admin.length - open.length} of ${admin.length} paths UNIMPLEMENTED on that of gRPC`,
      misses: [
        ...missUnless(
          found.join() === wanted.join(),
          `it listens on ${found.join(", ")}, and was told ${wanted.join(", ")}`,
        ),
        ...open.map(({ path, name }) => `${path} on the gRPC port: ${name}`),
      ],
    };
  },
};

async function answerOf(caller: WireCaller, path: string, authorization: string): Promise<string> {
  return (await caller.call(path, framed(new Uint8Array()), { authorization })).name;
}

/** The TCP ports that the process listens on: https://docs.kernel.org/networking/proc_net_tcp.html */
function listeningPorts({ pid }: Service): string[] {
  if (process.platform !== "linux") {
    throw new CannotRunError("needs Linux, whose /proc tells on which ports a process listens");
  }
  const files = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  const inodes = new Set(files.map((file) => /^socket:\[(\d+)\]$/.exec(file)?.[1]));
  return ["tcp", "tcp6"].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, "utf8")
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      // 0A: it listens.
      .filter((columns) => columns[3] === "0A" && inodes.has(columns[9]))
      .map((columns) => toAddress(columns[1] ?? "")),
  );
}

function toAddress(hex: string): string {
  const [address = "", port = ""] = hex.split(":");
  const bytes = Buffer.from(address, "hex");
  const host = bytes.byteLength === 4 ? bytes.reverse().join(".") : `[${address}]`;
  return `${host}:${Number.parseInt(port, 16)}`;
}
