import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { root } from "./buf.ts";
import { checkProtos } from "./check-protos.ts";

function withChange(file: string, from: string, to: string): string {
  const folder = mkdtempSync(join(tmpdir(), "grpc-kit-protos-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(`${root}/protos`, folder, { recursive: true });
  const text = readFileSync(join(folder, file), "utf8");
  expect(text).toContain(from);
  writeFileSync(join(folder, file), text.replace(from, to));
  return folder;
}

describe("checkProtos", () => {
  it("passes what is committed", () => {
    expect(checkProtos(`${root}/protos`)).toBe("");
  });

  it.each([
    ["H8: a field that changes its type", "int32 quantity = 5;", "int64 quantity = 5;"],
    ["H8: a method that is gone", "rpc DeleteItem(", "rpc RemoveItem("],
    ["a field that is not in snake_case", "bool is_active = 7;", "bool isActive = 7;"],
    ["a syntax error", "message Item {", "message Item"],
    ["a wrong format", "message Item {", "message   Item {"],
  ])("fails on %s", (_, from, to) => {
    expect(checkProtos(withChange("examples/items.proto", from, to))).toMatch(/items\.proto/);
  });
});
