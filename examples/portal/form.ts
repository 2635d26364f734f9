/** What a form sent: text by name. */
export interface Form {
  /** '' where there is none */
  text(name: string): string
  all(name: string): readonly string[]
}

/** What is wrong with it, by the name of the field; '' for the form as a whole. */
export type Errors = Readonly<Record<string, string>>
