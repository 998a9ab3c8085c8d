import { describe, expect, it } from "vitest";
import { readSettings } from "./settings.ts";

describe("readSettings", () => {
  it("has a default for everything", () => {
    expect(readSettings({})).toEqual({
      grpcServerHost: "0.0.0.0",
      grpcServerPort: 50_051,
      databaseUrl: "sqlite:data/item-service.db",
    });
  });

  it("reads what is there and ignores the rest", () => {
    const environment = {
      GRPC_SERVER_HOST: "::1",
      GRPC_SERVER_PORT: "0",
      DATABASE_URL: "sqlite::memory:",
      PATH: "/bin",
    };
    expect(readSettings(environment)).toEqual({
      grpcServerHost: "::1",
      grpcServerPort: 0,
      databaseUrl: "sqlite::memory:",
    });
  });

  it("reports all faults at once, a line for each", () => {
    const environment = {
      GRPC_SERVER_HOST: "",
      GRPC_SERVER_PORT: "65536",
      DATABASE_URL: "mysql:items",
    };
    expect(() => readSettings(environment)).toThrow(
      new TypeError(
        [
          'GRPC_SERVER_HOST must be a host name or an IP address, got ""',
          'GRPC_SERVER_PORT must be an integer from 0 to 65535, got "65536"',
          'DATABASE_URL must be sqlite:<path>, got "mysql:items"',
        ].join("\n"),
      ),
    );
  });

  it.each(["", " ", "-1", "1.5", "0x10", "1e3", "50051\n", "100000", "NaN"])(
    "refuses the port %j",
    (port) => {
      expect(() => readSettings({ GRPC_SERVER_PORT: port })).toThrow(
        `GRPC_SERVER_PORT must be an integer from 0 to 65535, got ${JSON.stringify(port)}`,
      );
    },
  );

  it.each(["", "sqlite:", "items.db", "SQLITE:items.db"])("refuses the database %j", (url) => {
    expect(() => readSettings({ DATABASE_URL: url })).toThrow(
      `DATABASE_URL must be sqlite:<path>, got ${JSON.stringify(url)}`,
    );
  });

  it("does not repeat a password", () => {
    const act = () => readSettings({ DATABASE_URL: "postgres://me:se@cret@host/items" });
    expect(act).toThrow('got "postgres://…@host/items"');
  });
});
