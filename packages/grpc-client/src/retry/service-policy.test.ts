import { status } from "@grpc/grpc-js";
import { fileDescriptorSet } from "@grpc-kit/generated-protos/descriptors";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { describe, expect, it } from "vitest";
import type { MethodOptions } from "../client-options.ts";
import { readIdempotency } from "./idempotency.ts";
import { resolveRetry } from "./retry-policy.ts";
import { compileServicePolicy, isSamePolicy, type ServicePolicyParts } from "./service-policy.ts";

const described = readIdempotency([fileDescriptorSet()]);
const undescribed = readIdempotency([]);
const { policy: standard } = resolveRetry();

function compile(methods: ServicePolicyParts["methods"], idempotency = described) {
  const definition = ItemServiceService;
  return compileServicePolicy({ definition, idempotency, retry: standard, methods });
}

/** The policies by the names of their methods. */
function policies(methods: ServicePolicyParts["methods"], idempotency = described) {
  return Object.fromEntries(
    compile(methods, idempotency).methodConfigs.map(({ name, ...policy }) => [
      name[0]?.method,
      policy,
    ]),
  );
}

const retried = { retryPolicy: standard };

describe("compileServicePolicy", () => {
  it("retries the methods that are idempotent by their descriptor, of all kinds", () => {
    const { service, methodConfigs } = compile(undefined);
    expect(service).toBe("examples.ItemService");
    expect(methodConfigs).toEqual(
      ["GetItem", "UpdateItem", "DeleteItem", "ListItems"].map((method) => ({
        name: [{ service: "examples.ItemService", method }],
        ...retried,
      })),
    );
  });

  it("retries nothing that nothing is known of", () => {
    expect(policies(undefined, undescribed)).toEqual({});
  });

  it("retries nothing by default if the client does not", () => {
    const retry = { maxRetries: 1 };
    const { methodConfigs } = compileServicePolicy({
      definition: ItemServiceService,
      idempotency: described,
      retry: undefined,
      methods: { getItem: { retry } },
    });
    expect(methodConfigs.map(({ retryPolicy }) => retryPolicy?.maxAttempts)).toEqual([2]);
  });

  it("goes by what is said of a method before its descriptor", () => {
    expect(policies({ getItem: { idempotent: false }, updateItem: { retry: false } })).toEqual({
      DeleteItem: retried,
      ListItems: retried,
    });
    expect(
      policies(
        { batchCreateItems: { idempotent: true }, createItem: { requestIdField: "name" } },
        undescribed,
      ),
    ).toEqual({ BatchCreateItems: retried, CreateItem: retried });
  });

  it("has a method's own policy instead of the client's", () => {
    const { GetItem } = policies({ getItem: { retry: { codes: [status.ABORTED] } } });
    expect(GetItem).toEqual({
      retryPolicy: { ...standard, retryableStatusCodes: [status.ABORTED] },
    });
  });

  it("hedges methods without side effects, instead of retries", () => {
    const hedging = { delayMs: 50 };
    const hedgingPolicy = { maxAttempts: 2, hedgingDelay: "0.05s", nonFatalStatusCodes: [14] };
    const methods = { getItem: { hedging, retry: false }, listItems: { hedging } } as const;
    expect(policies(methods)).toMatchObject({
      GetItem: { hedgingPolicy },
      ListItems: { hedgingPolicy },
    });
    const { CreateItem } = policies({ createItem: { hedging, idempotent: true } }, undescribed);
    expect(CreateItem).toEqual({ hedgingPolicy });
  });

  const hedging = { delayMs: 1 };

  it.each<[string, unknown]>([
    ["methods must be an object, got null", null],
    ["methods must be of getItem, createItem, updateItem, deleteItem,", { GetItem: {} }],
    ["methods.getItem must be an object, got true", { getItem: true }],
    [
      "methods.getItem must be of timeoutMs, idempotent, retry, hedging, requestIdField, got 'retries'",
      { getItem: { retries: 1 } },
    ],
    [
      "methods.getItem.idempotent must be true or false, got 'yes'",
      { getItem: { idempotent: "yes" } },
    ],
    ["methods.getItem.retry must be an object, got true", { getItem: { retry: true } }],
    [
      "methods.createItem.retry must be for a method that may be sent twice (set methods.createItem.idempotent or requestIdField, or its idempotency_level), got {}",
      { createItem: { retry: {} } },
    ],
    [
      "methods.getItem.retry must be for a method that may be sent twice",
      { getItem: { retry: {}, idempotent: false } },
    ],
    [
      "methods.batchCreateItems.requestIdField must be for a method with one request, got 'id'",
      { batchCreateItems: { requestIdField: "id" } },
    ],
    [
      "methods.createItem.idempotent must be left out beside requestIdField",
      { createItem: { requestIdField: "name", idempotent: false } },
    ],
    [
      "methods.getItem.retry must be left out beside hedging, got {}",
      { getItem: { retry: {}, hedging } },
    ],
    [
      "methods.syncItems.hedging must be for a method with one request",
      { syncItems: { hedging, idempotent: true } },
    ],
    [
      "methods.updateItem.hedging must be for a method with idempotency_level NO_SIDE_EFFECTS",
      { updateItem: { hedging, idempotent: true } },
    ],
    ["got NO_SIDE_EFFECTS and idempotent: false", { getItem: { hedging, idempotent: false } }],
  ])("throws a TypeError: %s", (message, methods) => {
    const wrong = methods as Record<string, MethodOptions>;
    expect(() => compile(wrong)).toThrow(TypeError);
    expect(() => compile(wrong)).toThrow(message);
  });

  it("lets no request ID alone be enough for hedging", () => {
    const methods = { createItem: { hedging, requestIdField: "name" } };
    expect(() => compile(methods, undescribed)).toThrow("got no descriptor and idempotent: undef");
  });

  it("takes a method for no option of objects", () => {
    const definition = { toString: ItemServiceService.createItem };
    expect(compileServicePolicy({ definition, idempotency: undescribed, retry: standard })).toEqual(
      { service: "examples.ItemService", methodConfigs: [] },
    );
  });
});

describe("isSamePolicy", () => {
  it("is true for options that come to the same", () => {
    const same = compile({ getItem: { retry: { maxRetries: 3 } }, createItem: {} });
    expect(isSamePolicy(compile(undefined), same)).toBe(true);
    const other = compile({ getItem: { retry: { maxRetries: 2 } } });
    expect(isSamePolicy(compile(undefined), other)).toBe(false);
    expect(isSamePolicy(compile(undefined), compile({ getItem: { retry: false } }))).toBe(false);
  });
});
