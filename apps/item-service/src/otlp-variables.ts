import { readFileSync } from "node:fs";
import { Metadata } from "@grpc/grpc-js";
import { parseKeyPairsIntoRecord } from "@opentelemetry/core";
import { z } from "zod";
import { collectFaults, type Environment, integer, readVariables } from "./read-variables.ts";

const generic = "OTEL_EXPORTER_OTLP_";
const ofTraces = "OTEL_EXPORTER_OTLP_TRACES_";
const boolean = z.string().regex(/^(true|false)$/i, "must be true or false");
const file = z.string().refine(isReadable, "must be a file that can be read");

// https://opentelemetry.io/docs/specs/otel/protocol/exporter/
const rules = {
  PROTOCOL: z.literal("grpc", "must be grpc"),
  ENDPOINT: z.string().refine(isEndpoint, "must be an http or https URL, or a host and a port"),
  TIMEOUT: integer(1, 3_600_000),
  COMPRESSION: z.enum(["gzip", "none"], "must be one of gzip, none"),
  INSECURE: boolean,
  CERTIFICATE: file,
  CLIENT_CERTIFICATE: file,
  CLIENT_KEY: file,
};

const shape = Object.fromEntries(
  [generic, ofTraces].flatMap((prefix) =>
    Object.entries(rules).map(([name, rule]) => [prefix + name, rule.optional()]),
  ),
);

/**
 * Checks what the exporter reads from the environment. Where that is wrong it goes on with something
 * else, such as no header or another certificate. Throws a TypeError with one line for each fault.
 */
export function checkOtlpVariables(given: Environment): void {
  const { faults, attempt } = collectFaults();
  attempt(() => readVariables(given, shape));
  for (const name of [`${generic}HEADERS`, `${ofTraces}HEADERS`]) {
    attempt(() => checkHeaders(name, given[name] ?? ""));
  }
  attempt(() => checkPair(given));
  if (faults.length > 0) {
    throw new TypeError(faults.join("\n"));
  }
}

function checkHeaders(name: string, list: string): void {
  if (!list.split(",").every(isHeader)) {
    // They hold tokens, which nobody must see.
    throw new TypeError(`${name} must be key=value pairs with commas between, got something else`);
  }
}

function isHeader(pair: string): boolean {
  const [entry] = Object.entries(parseKeyPairsIntoRecord(pair));
  if (entry === undefined) {
    return pair.trim() === "";
  }
  try {
    new Metadata().set(...entry);
    return true;
  } catch {
    return false;
  }
}

function checkPair(given: Environment): void {
  const [key, certificate] = ["CLIENT_KEY", "CLIENT_CERTIFICATE"].map(
    (name) => given[ofTraces + name] ?? given[generic + name],
  );
  if ((key === undefined) !== (certificate === undefined)) {
    throw new TypeError(
      `${generic}CLIENT_KEY and ${generic}CLIENT_CERTIFICATE must be set together, got one of them`,
    );
  }
}

function isEndpoint(text: string): boolean {
  // As the exporter reads it.
  const url = URL.parse(/^\w{1,8}:\/\//.test(text) ? text : `https://${text}`);
  return url !== null && ["http:", "https:"].includes(url.protocol) && url.hostname !== "";
}

function isReadable(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}
