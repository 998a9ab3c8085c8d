import { ValidationError } from "@grpc-kit/grpc-status/errors";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseStockLine } from "./stock-line.ts";

const lamp = { sku: "lamp-1", name: "Lamp", quantity: 3, price: 9.5 };

function faultsOf(line: string): readonly string[] {
  try {
    parseStockLine(line);
    return [];
  } catch (error) {
    const { violations } = error as ValidationError;
    return violations.map(({ field, description }) => `${field} ${description}`.trim());
  }
}

describe("parseStockLine", () => {
  it("reads an object, with or without a description", () => {
    expect(parseStockLine(JSON.stringify(lamp))).toEqual({ ...lamp, description: "" });
    const described = { ...lamp, description: "it glows" };
    expect(parseStockLine(`  ${JSON.stringify(described)}\r`)).toEqual(described);
  });

  it.each(["", "lamp-1,Lamp,3,9.5", "[]", "null", "7", '{"sku": "lamp-1"'])(
    "shows what it wants instead of %j",
    (line) => {
      expect(faultsOf(line)).toEqual([expect.stringMatching(/^must be an object like \{"sku"/)]);
    },
  );

  it.each([
    [{ ...lamp, sku: undefined }, "sku must be a string"],
    [{ ...lamp, name: "\ud800" }, "name must be Unicode text"],
    [{ ...lamp, quantity: "3" }, "quantity must be an integer of 32 bits"],
    [{ ...lamp, quantity: 1.5 }, "quantity must be an integer of 32 bits"],
    [{ ...lamp, quantity: 2 ** 31 }, "quantity must be an integer of 32 bits"],
    [{ ...lamp, colour: "red" }, "must have no colour"],
  ])("names what is wrong with %j", (value, fault) => {
    expect(faultsOf(JSON.stringify(value))).toEqual([fault]);
  });

  it("names a price that is beyond all numbers", () => {
    const line = JSON.stringify(lamp).replace("9.5", "1e999");
    expect(faultsOf(line)).toEqual(["price must be a finite number"]);
  });

  it("reads any text or says that it cannot", () => {
    const any = fc.jsonValue();
    const value = fc.record({ sku: any, name: fc.string(), quantity: any, price: fc.double() });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          value.map((line) => JSON.stringify(line)),
        ),
        (line) => {
          try {
            parseStockLine(line);
          } catch (error) {
            expect(error).toBeInstanceOf(ValidationError);
          }
        },
      ),
    );
  });
});
