/** Is met if there are no names. Otherwise the compiler's error has the title and the names. */
export type NothingLeft<Title extends string, Names> = [Names] extends [never]
  ? unknown
  : { readonly [Key in Title]: Names };
