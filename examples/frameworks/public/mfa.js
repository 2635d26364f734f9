// @ts-check
/** The set-up and challenge pages: each form is one call of the routes under /mfa/me. */

const next = document.querySelector('main')?.dataset['next'] ?? '/'
const goOn = () => location.assign(next)

/** @param {string} selector */
const all = (selector) => /** @type {HTMLElement[]} */ ([...document.querySelectorAll(selector)])
/** @param {string} selector @param {string} text */
const say = (selector, text) => {
  for (const element of all(selector)) element.textContent = text
}
/** Shows one step of a page, and hides the others. @param {string} selector */
const show = (selector) => {
  for (const element of all('main > section')) element.hidden = !element.matches(selector)
}

/**
 * @param {string} selector
 * @param {string} path
 * @param {(answer: any) => void} then
 */
function onSubmit(selector, path, then) {
  for (const form of all(selector)) {
    form.addEventListener('submit', async (event) => {
      event.preventDefault()
      const fields = Object.fromEntries(new FormData(/** @type {HTMLFormElement} */ (form)))
      try {
        const response = await fetch(`/mfa/me/${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(fields),
        })
        const answer = await response.json()
        // A refusal is a problem document (RFC 9457): its type is for programs, its title for people.
        say('[role=alert]', response.ok ? '' : answer.title)
        if (response.ok) then(answer)
      } catch {
        say('[role=alert]', 'The server cannot be reached. Try again.')
      }
    })
  }
}

onSubmit('#begin form', 'setup', ({ qr, secret }) => {
  // The handler's own SVG: names in it are escaped there.
  for (const place of all('#qr')) {
    place.innerHTML = qr
    place.style.width = '16em'
  }
  say('#secret', secret)
  show('#confirm')
})
onSubmit('#confirm form', 'setup/confirm', ({ recoveryCodes }) => {
  say('#recovery-codes', (recoveryCodes ?? []).join('\n'))
  show('#done')
})
onSubmit('#postpone', 'postpone', goOn)
onSubmit('#verify', 'verify', goOn)
onSubmit('#recover', 'recover', goOn)
