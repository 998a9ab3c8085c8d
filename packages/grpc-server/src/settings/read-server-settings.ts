import type { GrpcServerSettings } from "./server-settings.ts";
import { serviceOfLink } from "./service-links.ts";
import { settingsSchemas } from "./settings-schemas.ts";
import { unknownVariables } from "./unknown-variables.ts";

type Environment = Readonly<Record<string, string | undefined>>;
type Field = keyof GrpcServerSettings;

const prefix = "GRPC_SERVER_";

/**
 * Reads the settings of a server from variables like `GRPC_SERVER_PORT`. Throws a TypeError with one
 * line for each that is wrong or unknown: a limit that is misspelt must not be no limit.
 */
export function readServerSettings(environment: Environment = process.env): GrpcServerSettings {
  const fields = Object.keys(settingsSchemas) as Field[];
  const settings: Partial<Record<Field, unknown>> = {};
  const faults: string[] = [];
  for (const field of fields) {
    const { data, error } = settingsSchemas[field].safeParse(environment[variableOf(field)]);
    if (error === undefined) {
      settings[field] = data;
    } else {
      faults.push(fault(environment, field, error.issues[0]?.message ?? "must be right"));
    }
  }
  // What was refused above is undefined here, so that nothing is said of it twice.
  faults.push(...faultsAcross(environment, settings as Partial<GrpcServerSettings>));
  faults.push(...unknownVariables(environment, { prefix, names: fields.map(variableOf) }));
  if (faults.length > 0) {
    throw new TypeError(faults.join("\n"));
  }
  return settings as Record<Field, unknown> as GrpcServerSettings;
}

function faultsAcross(
  environment: Environment,
  { enabled, insecure, tlsCertFile, tlsKeyFile, ...rest }: Partial<GrpcServerSettings>,
): string[] {
  const faults: string[] = [];
  const isUnset = (field: Field): boolean => environment[variableOf(field)] === undefined;
  const certFile = variableOf("tlsCertFile");
  const keyFile = variableOf("tlsKeyFile");

  if (tlsCertFile !== undefined && isUnset("tlsKeyFile")) {
    faults.push(fault(environment, "tlsKeyFile", `must be set with ${certFile}`));
  }
  if (isUnset("tlsCertFile") && (tlsKeyFile !== undefined || rest.tlsClientCaFile !== undefined)) {
    const other = tlsKeyFile === undefined ? variableOf("tlsClientCaFile") : keyFile;
    faults.push(fault(environment, "tlsCertFile", `must be set with ${other}`));
  }
  const isTls = !(isUnset("tlsCertFile") && isUnset("tlsKeyFile") && isUnset("tlsClientCaFile"));
  if (isTls && insecure === true) {
    faults.push(fault(environment, "insecure", "must not be true when TLS files are set"));
  }
  const isInsecureRead = insecure !== undefined || isUnset("insecure");
  if (enabled === true && !isTls && isInsecureRead && insecure !== true) {
    const must = `must be true, or ${certFile} and ${keyFile} set, when ${variableOf("enabled")} is`;
    faults.push(fault(environment, "insecure", must));
  }
  if (rest.socketPath !== undefined) {
    const wrong = (["host", "port"] as const).filter(
      (field) => !isUnset(field) && rest[field] !== undefined,
    );
    const must = `must not be set with ${variableOf("socketPath")}`;
    faults.push(...wrong.map((field) => fault(environment, field, must)));
  }
  return faults;
}

function variableOf(field: Field): string {
  return prefix + field.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

function fault(environment: Environment, field: Field, must: string): string {
  const name = variableOf(field);
  const value = environment[name];
  const service = value === undefined ? undefined : serviceOfLink(name, value);
  const hint =
    service === undefined
      ? ""
      : ` (Kubernetes sets this for a Service named ${service}: set enableServiceLinks: false)`;
  return `${name} ${must}, got ${show(value)}${hint}`;
}

// Quoted, so that it stays on its line; without keys and passwords, which the log must not have.
function show(value: string | undefined): string {
  return JSON.stringify(value?.replace(/-----BEGIN.*/s, "-----BEGIN…").replace(/\/\/.*@/s, "//…@"));
}
