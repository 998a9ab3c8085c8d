import { ValidationError } from "@grpc-kit/grpc-status/errors";
import { z } from "zod";

/** What the warehouse says of one thing in stock. */
export interface StockLine {
  /** Names the item. */
  readonly sku: string;
  readonly name: string;
  readonly description: string;
  readonly quantity: number;
  readonly price: number;
}

// Half of a surrogate pair would be replaced on its way, and nobody told.
const text = z.string("must be a string").refine((value) => value.isWellFormed(), {
  error: "must be Unicode text",
});

// Only what can be sent. The rules of items are the item service's to say: it answers each line.
const stockLine = z.strictObject(
  {
    sku: text,
    name: text,
    description: text.default(""),
    quantity: z.int32("must be an integer of 32 bits"),
    price: z.number("must be a finite number"),
  },
  {
    error: ({ code, keys }) =>
      code === "unrecognized_keys"
        ? `must have no ${keys.join(", ")}`
        : 'must be an object like {"sku": "lamp-1", "name": "Lamp", "quantity": 3, "price": 9.5}',
  },
);

/** Reads a line of the stock file: an object in JSON. Throws a ValidationError that names each fault. */
export function parseStockLine(line: string): StockLine {
  const { data, error } = stockLine.safeParse(parseJson(line));
  if (error !== undefined) {
    throw new ValidationError(
      error.issues.map(({ path, message }) => ({ field: path.join("."), description: message })),
    );
  }
  return data;
}

/** Undefined, which no JSON says, if it is none. */
function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
