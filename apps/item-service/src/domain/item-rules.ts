import { createValidator, type Validator } from "@grpc-kit/grpc-mappers/validator";
import { z } from "zod";
import type { ItemChanges, NewItem } from "./item.ts";
import { countCharacters, isLongerThan, quote } from "./text.ts";

const QUANTITY_MAX = 2 ** 31 - 1;
const NAME_MAX = 200;
const DESCRIPTION_MAX = 2_000;

interface Fault {
  readonly input: unknown;
}

// Databases keep neither: PostgreSQL refuses both, SQLite cuts or replaces them.
function isStorable(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}

const notStorable = ({ input }: Fault): string =>
  `must be Unicode text without U+0000, got ${quote(String(input))}`;
const noQuantity = ({ input }: Fault): string =>
  `must be an integer from 0 to ${QUANTITY_MAX}, got ${String(input)}`;
const noPrice = ({ input }: Fault): string =>
  `must be a finite number of 0 or more, got ${String(input)}`;

/** A rule for each field of an item that callers may send. */
export interface ItemRules {
  readonly id: z.ZodString;
  readonly name: z.ZodString;
  readonly description: z.ZodString;
  readonly sku: z.ZodString;
  readonly quantity: z.ZodNumber;
  readonly price: z.ZodNumber;
  readonly isActive: z.ZodBoolean;
}

/** What holds for each field of an item. Requests are checked by the same rules. */
export const itemRules: ItemRules = {
  id: z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, {
    error: ({ input }) => `must be a UUID, got ${quote(String(input))}`,
  }),
  name: z
    .string()
    .refine((name) => name !== "" && !isLongerThan(name, NAME_MAX), {
      abort: true,
      error: ({ input }) =>
        `must have 1 to ${NAME_MAX} characters, got ${countCharacters(String(input))}`,
    })
    .refine((name) => name.trim() !== "", {
      abort: true,
      error: ({ input }) => `must not be blank, got ${quote(String(input))}`,
    })
    .refine(isStorable, { error: notStorable }),
  description: z
    .string()
    .refine((description) => !isLongerThan(description, DESCRIPTION_MAX), {
      abort: true,
      error: ({ input }) =>
        `must have at most ${DESCRIPTION_MAX} characters, got ${countCharacters(String(input))}`,
    })
    .refine(isStorable, { error: notStorable }),
  sku: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, {
    error: ({ input }) => `must have 1 to 64 of A-Z a-z 0-9 . _ -, got ${quote(String(input))}`,
  }),
  quantity: z
    .number({ error: noQuantity })
    .refine((count) => Number.isInteger(count) && count >= 0 && count <= QUANTITY_MAX, {
      error: noQuantity,
    }),
  price: z.number({ error: noPrice }).refine((price) => price >= 0, { error: noPrice }),
  isActive: z.boolean(),
};

const { id: _, isActive, ...required } = itemRules;
const newItemSchema = z.object({ ...required, isActive: isActive.optional() });

/** Checks what a caller says of an item that does not exist yet. */
export const newItemValidator: Validator<NewItem> = createValidator<NewItem>()(newItemSchema);

/** Checks what a caller wants to change of an item. */
export const itemChangesValidator: Validator<ItemChanges> = createValidator<ItemChanges>()(
  newItemSchema.partial(),
);
