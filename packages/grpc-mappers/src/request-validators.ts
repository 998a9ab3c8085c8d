import type { Validator } from "./create-validator.ts";

/** What is needed of a service definition of grpc-js. */
export type ServiceShape = Readonly<
  Record<string, { readonly path: string; readonly requestDeserialize: (bytes: Buffer) => unknown }>
>;

/** A validator for each method of a service. */
export type RequestValidators<Definition extends ServiceShape> = {
  readonly [Name in keyof Definition]: Validator<
    ReturnType<Definition[Name]["requestDeserialize"]>
  >;
};

/**
 * The validators of a service's requests by the path of the method, as interceptors know it:
 * "/examples.ItemService/GetItem". A method without a validator, or with one of another message, does
 * not compile. Throws a TypeError for a method that has none, or that is none of the service.
 */
export function requestValidators<Definition extends ServiceShape>(
  definition: Definition,
  validators: RequestValidators<Definition>,
): ReadonlyMap<string, Validator> {
  for (const name of Object.keys(validators)) {
    if (!Object.hasOwn(definition, name)) {
      throw new TypeError(`validators must be for methods of the service, got ${name}`);
    }
  }
  return new Map(
    Object.entries(definition).map(([name, { path }]) => {
      const validator = Object.hasOwn(validators, name) ? validators[name] : undefined;
      if (validator === undefined) {
        throw new TypeError(`${name} must have a validator, got none`);
      }
      // Its schema takes whatever comes.
      return [path, validator as Validator];
    }),
  );
}
