// The subpath "./validator".
export {
  createValidator,
  type Validator,
  type ValidatorMaker,
  type ValidatorOptions,
} from "./create-validator.ts";
export {
  type RequestValidators,
  requestValidators,
  type ServiceShape,
} from "./request-validators.ts";
export type { StandardIssue, StandardResult, StandardSchema } from "./standard-schema.ts";
