/** Turns text into the token ids of a tower. */
export interface Tokenizer {
  /** The ids of a text, without [SOS] and [EOT], neither cut nor padded. */
  encode(text: string): readonly number[];
  /** the id that starts every sequence */
  readonly sos: number;
  /** the id that ends every sequence; the tower is read there */
  readonly eot: number;
}
