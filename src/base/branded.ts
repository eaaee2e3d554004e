/** Types that share a representation and must not be swapped. */

declare const brand: unique symbol;

/** `T` that only a checked conversion can make. */
export type Branded<T, Name extends string> = T & { readonly [brand]: Name };
