import type { Errors } from '../form.js'
import { CodeField, ErrorSummary, Form } from './form.js'
import { Steps } from './steps.js'

interface SetUpCheckProps {
  query: string
  errors?: Errors
}

export function SetUpCheckPage({ query, errors = {} }: SetUpCheckProps) {
  return (
    <section class="card">
      <Steps at={3} />
      <ErrorSummary errors={errors} />
      <h1>Type the code that the app shows</h1>
      <Form action={`/setup/check${query}`}>
        <CodeField errors={errors} hint="It changes every half minute. If it is about to, wait for the next one." />
        <p class="actions">
          <button type="submit" class="primary">
            Check
          </button>
          <a class="button" href={`/setup/add${query}`}>
            Back to the picture
          </a>
        </p>
      </Form>
    </section>
  )
}
