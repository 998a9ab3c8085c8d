import { describe, expect, expectTypeOf, it, vi } from "vitest";
import { readServerSettings } from "./read-server-settings.ts";

/** The lines of what is thrown. */
function faultsOf(environment: Record<string, string | undefined>): readonly string[] {
  try {
    readServerSettings(environment);
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return (error as Error).message.split("\n");
  }
  return [];
}

describe("readServerSettings", () => {
  it("has its own defaults for the main ones, and leaves the rest to createGrpcServer", () => {
    const settings = readServerSettings({});
    expect(Object.entries(settings).filter(([, value]) => value !== undefined)).toEqual([
      ["enabled", false],
      ["host", "0.0.0.0"],
      ["port", 50_051],
      ["maxWorkers", 10],
      ["reflectionEnabled", true],
      ["healthCheckEnabled", true],
      ["maxConcurrentRpcs", 100],
    ]);
    expectTypeOf(settings.maxQueueMs).toEqualTypeOf<number | undefined>();
  });

  it("reads the environment of the process unless it is given another", () => {
    vi.stubEnv("GRPC_SERVER_MAX_WORKERS", "3");
    try {
      expect(readServerSettings().maxWorkers).toBe(3);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it("ignores variables of others, and ones that are not set", () => {
    expect(faultsOf({ PATH: "/bin", GRPC_SERVERS: "2", GRPC_SERVER_X: undefined })).toEqual([]);
  });

  it.each([
    ["true", true],
    ["TRUE", true],
    ["1", true],
    ["False", false],
    ["0", false],
  ])("reads %s as a boolean", (text, value) => {
    expect(readServerSettings({ GRPC_SERVER_REFLECTION_ENABLED: text }).reflectionEnabled).toBe(
      value,
    );
  });

  it.each(["::1", "127.0.0.1", "fe80::1%eth0", "my-host.example", "localhost"])(
    "takes the host %s",
    (host) => {
      expect(readServerSettings({ GRPC_SERVER_HOST: host }).host).toBe(host);
    },
  );

  it("reports all faults at once, a line for each", () => {
    const environment = {
      GRPC_SERVER_ENABLED: "yes",
      GRPC_SERVER_HOST: "localhost:50051",
      GRPC_SERVER_PORT: "65536",
      GRPC_SERVER_MAX_WORKERS: "0",
      GRPC_SERVER_GRACE_MS: "5s",
      GRPC_SERVER_MAX_CONECTIONS: "10",
      GRPC_SERVER_MAX_SEND_MESSAGE_BYTES: "4\nMiB",
      GRPC_SERVER_KEEPALIVE_TIME_MS: "",
      GRPC_SERVER_WHATEVER: "s3cret",
    };
    expect(faultsOf(environment)).toEqual([
      'GRPC_SERVER_ENABLED must be true, false, 1 or 0, got "yes"',
      'GRPC_SERVER_HOST must be a host name or an IP address, got "localhost:50051"',
      'GRPC_SERVER_PORT must be an integer from 0 to 65535, got "65536"',
      'GRPC_SERVER_MAX_WORKERS must be an integer from 1 to 2147483647, got "0"',
      'GRPC_SERVER_GRACE_MS must be an integer from 0 to 2147483647, got "5s"',
      'GRPC_SERVER_MAX_SEND_MESSAGE_BYTES must be an integer from 0 to 2147483647 or -1, got "4\\nMiB"',
      'GRPC_SERVER_KEEPALIVE_TIME_MS must be an integer from 1 to 2147483647 or Infinity, got ""',
      "GRPC_SERVER_MAX_CONECTIONS is unknown, did you mean GRPC_SERVER_MAX_CONNECTIONS?",
      "GRPC_SERVER_WHATEVER is unknown",
    ]);
  });

  it.each([
    ["GRPC_SERVER_PROT", "GRPC_SERVER_PORT"],
    ["GRPC_SERVER_MAX_QUEUE", "GRPC_SERVER_MAX_QUEUE_MS"],
    ["GRPC_SERVER_MAX_CONCURRENT_RPC", "GRPC_SERVER_MAX_CONCURRENT_RPCS"],
    ["GRPC_SERVER_TLS_CERT", "GRPC_SERVER_TLS_CERT_FILE"],
  ])("suggests for %s the name %s", (name, meant) => {
    expect(faultsOf({ [name]: "1" })).toEqual([`${name} is unknown, did you mean ${meant}?`]);
  });

  it("does not repeat keys and passwords", () => {
    const pem = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----";
    const faults = faultsOf({
      GRPC_SERVER_TLS_KEY_FILE: pem,
      GRPC_SERVER_TLS_CERT_FILE: "a.pem",
      GRPC_SERVER_HOST: "http://me:se@cret@host/",
    });
    expect(faults).toEqual([
      'GRPC_SERVER_HOST must be a host name or an IP address, got "http://…@host/"',
      'GRPC_SERVER_TLS_KEY_FILE must be a path, got "-----BEGIN…"',
    ]);
  });
});

describe("settings that go together", () => {
  const tls = { GRPC_SERVER_TLS_CERT_FILE: "c.pem", GRPC_SERVER_TLS_KEY_FILE: "k.pem" };
  const enabled = { GRPC_SERVER_ENABLED: "1" };
  const insecure = { GRPC_SERVER_INSECURE: "true" };
  const socket = { GRPC_SERVER_SOCKET_PATH: "/run/grpc.sock" };

  it.each([
    { ...enabled, ...tls },
    { ...enabled, ...insecure },
    { ...enabled, ...tls, GRPC_SERVER_INSECURE: "false", GRPC_SERVER_TLS_CLIENT_CA_FILE: "ca" },
    { ...enabled, ...insecure, ...socket },
    { GRPC_SERVER_INSECURE: "0" },
  ])("may be %o", (environment) => {
    expect(faultsOf(environment)).toEqual([]);
  });

  it.each([
    [
      enabled,
      "GRPC_SERVER_INSECURE must be true, or GRPC_SERVER_TLS_CERT_FILE and GRPC_SERVER_TLS_KEY_FILE set, when GRPC_SERVER_ENABLED is, got undefined",
    ],
    [
      { ...enabled, GRPC_SERVER_INSECURE: "false" },
      'GRPC_SERVER_INSECURE must be true, or GRPC_SERVER_TLS_CERT_FILE and GRPC_SERVER_TLS_KEY_FILE set, when GRPC_SERVER_ENABLED is, got "false"',
    ],
    [
      { ...tls, ...insecure },
      'GRPC_SERVER_INSECURE must not be true when TLS files are set, got "true"',
    ],
    [
      { ...enabled, ...tls, GRPC_SERVER_TLS_KEY_FILE: undefined },
      "GRPC_SERVER_TLS_KEY_FILE must be set with GRPC_SERVER_TLS_CERT_FILE, got undefined",
    ],
    [
      { ...tls, GRPC_SERVER_TLS_CERT_FILE: undefined },
      "GRPC_SERVER_TLS_CERT_FILE must be set with GRPC_SERVER_TLS_KEY_FILE, got undefined",
    ],
    [
      { GRPC_SERVER_TLS_CLIENT_CA_FILE: "ca.pem" },
      "GRPC_SERVER_TLS_CERT_FILE must be set with GRPC_SERVER_TLS_CLIENT_CA_FILE, got undefined",
    ],
    [
      { ...socket, GRPC_SERVER_HOST: "::" },
      'GRPC_SERVER_HOST must not be set with GRPC_SERVER_SOCKET_PATH, got "::"',
    ],
    [
      { ...socket, GRPC_SERVER_PORT: "50051" },
      'GRPC_SERVER_PORT must not be set with GRPC_SERVER_SOCKET_PATH, got "50051"',
    ],
    [
      { ...socket, GRPC_SERVER_PORT: "" },
      'GRPC_SERVER_PORT must be an integer from 0 to 65535, got ""',
    ],
    [
      { ...enabled, GRPC_SERVER_INSECURE: "perhaps" },
      'GRPC_SERVER_INSECURE must be true, false, 1 or 0, got "perhaps"',
    ],
  ])("may not be %o", (environment, fault) => {
    expect(faultsOf(environment)).toEqual([fault]);
  });
});

describe("the variables that Kubernetes sets for Services", () => {
  const linksOf = (name: string) => ({
    [`${name}_SERVICE_HOST`]: "10.0.0.1",
    [`${name}_SERVICE_PORT`]: "50051",
    [`${name}_SERVICE_PORT_GRPC`]: "50051",
    [`${name}_PORT_50051_TCP`]: "tcp://10.0.0.1:50051",
    [`${name}_PORT_50051_TCP_PROTO`]: "tcp",
    [`${name}_PORT_50051_TCP_PORT`]: "50051",
    [`${name}_PORT_50051_TCP_ADDR`]: "10.0.0.1",
  });

  it("are none of ours, but for one that has the name of ours", () => {
    const environment = {
      ...linksOf("GRPC_SERVER"),
      ...linksOf("GRPC_SERVER_CANARY"),
      GRPC_SERVER_CANARY_PORT: "tcp://10.0.0.2:50051",
    };
    expect(faultsOf(environment)).toEqual([]);
    expect(faultsOf({ ...environment, GRPC_SERVER_PORT: "tcp://10.0.0.1:50051" })).toEqual([
      'GRPC_SERVER_PORT must be an integer from 0 to 65535, got "tcp://10.0.0.1:50051" ' +
        "(Kubernetes sets this for a Service named grpc-server: set enableServiceLinks: false)",
    ]);
    expect(faultsOf({ GRPC_SERVER_HOST: "tcp://10.0.0.1:50051" })).toEqual([
      'GRPC_SERVER_HOST must be a host name or an IP address, got "tcp://10.0.0.1:50051"',
    ]);
    expect(faultsOf({ GRPC_SERVER_ADMIN_PORT: "tcp://10.0.0.3:80" })).toEqual([
      expect.stringContaining("for a Service named grpc-server-admin: set enableServiceLinks"),
    ]);
  });

  it.each(["GRPC_SERVER_PORT_TCP", "GRPC_SERVER_PORTS", "GRPC_SERVER_CANARY_PORT"])(
    "do not excuse %s",
    (name) => {
      expect(faultsOf({ [name]: "50051" })[0]).toMatch(`${name} is unknown`);
    },
  );
});
