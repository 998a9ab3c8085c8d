export { bytes } from "./bytes.ts";
export {
  type Converter,
  type Copy,
  copy,
  type ListConverter,
  lazy,
  list,
  type MapConverter,
  mapValues,
  nested,
  nullable,
  optional,
} from "./converter.ts";
export { type Decimal, decimal } from "./decimal.ts";
export { duration, durationAsMs } from "./duration.ts";
export { enumNames } from "./enum.ts";
export { createFieldMask, type FieldMask, type FieldMaskUpdate } from "./field-mask.ts";
export type { FieldRule, MaskFields, OneofRule } from "./field-mask-types.ts";
export { int32, int64, int64AsNumber, uint32, uint64 } from "./integer.ts";
export { createMapper, type MapperMaker, type ProtobufMapper, renamed } from "./mapper.ts";
export type { EntityFields, MapperOptions, Renamed } from "./mapper-types.ts";
export { type Money, type MoneyAsDecimal, money, moneyAsDecimal } from "./money.ts";
export { type Case, type Kind, type OneofConverters, oneof } from "./oneof.ts";
export {
  createPageTokens,
  type PageQuery,
  type PageSizeOptions,
  type PageTokens,
  type PageTokensOptions,
  pageSize,
} from "./page-token.ts";
export type { SecondsAndNanos } from "./seconds-and-nanos.ts";
export { timestamp, timestampAsDate, timestampAsNanoseconds } from "./timestamp.ts";
export {
  createValidator,
  type RequestValidators,
  requestValidators,
  type ServiceShape,
  type StandardIssue,
  type StandardResult,
  type StandardSchema,
  type Validator,
  type ValidatorMaker,
  type ValidatorOptions,
} from "./validator.ts";
