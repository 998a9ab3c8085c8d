import { describe, expect, it, onTestFinished } from "vitest";
import { spoolFiles } from "../../../test/spool-files.ts";
import type { Spool } from "../../application/spool.ts";
import { openSqliteSpool } from "./spool.ts";

function openSpool<Value>(): Spool<Value> {
  const spool = openSqliteSpool<Value>();
  onTestFinished(() => spool.close());
  return spool;
}

describe("openSqliteSpool", () => {
  it.each([0, 1, 500, 1_201])("gives back %i values in their order, as often as asked", (count) => {
    const spool = openSpool<{ readonly text: string }>();
    const values = Array.from({ length: count }, (_, index) => ({
      position: index * 3,
      value: { text: `💡 "${index}"` },
    }));
    for (const { position, value } of values) {
      spool.add(position, value);
    }
    for (const parts of [[...spool.parts()], [...spool.parts()]]) {
      expect(parts.flat()).toEqual(values);
      expect(parts.every((part) => part.length > 0 && part.length <= 500)).toBe(true);
    }
  });

  it("finds a value by its position, and throws where none is", () => {
    const spool = openSpool<string>();
    spool.add(0, "a");
    spool.add(7, "b");
    expect([spool.get(7), spool.get(0)]).toEqual(["b", "a"]);
    expect(() => spool.get(1)).toThrow(new RangeError("position must be that of a value, got 1"));
  });

  it.runIf(process.platform === "linux")(
    "keeps much in a file without a name, until it is closed, and little in none",
    () => {
      const before = spoolFiles().length;
      const [spool, small] = [openSqliteSpool<string>(), openSqliteSpool<string>()];
      small.add(0, "little");
      for (let position = 0; position < 200; position += 1) {
        spool.add(position, "x".repeat(100_000));
      }
      const files = spoolFiles();
      expect(files).toHaveLength(before + 1);
      expect(files.at(-1)).toContain("(deleted)");
      small.close();
      spool.close();
      expect(spoolFiles()).toHaveLength(before);
    },
  );
});
