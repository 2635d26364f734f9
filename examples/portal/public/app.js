// @ts-check
/** What is better with JavaScript. Every page works without it. */

/**
 * @template {Element} Kind
 * @param {string} selector
 * @param {new (...args: never[]) => Kind} kind
 * @returns {Kind[]}
 */
const all = (selector, kind) =>
  [...document.querySelectorAll(selector)].flatMap((one) => (one instanceof kind ? [one] : []))

/* A form is sent once, however often its button is pressed. */
for (const form of all('form', HTMLFormElement)) {
  let sent = false
  form.addEventListener('submit', (event) => {
    if (sent) event.preventDefault()
    sent = true
    for (const button of form.querySelectorAll('button')) button.setAttribute('aria-disabled', 'true')
  })
  // The back button brings the page back as it was left.
  addEventListener('pageshow', () => {
    sent = false
    for (const button of form.querySelectorAll('button')) button.removeAttribute('aria-disabled')
  })
}

/* What is wrong is read out first. */
for (const summary of all('.summary', HTMLElement)) summary.focus()

/* Six boxes: digits only, so that "123 456" can be pasted. */
for (const field of all('input.code', HTMLInputElement)) {
  field.classList.add('boxes')
  field.addEventListener('input', () => {
    const digits = field.value.replace(/\D/g, '').slice(0, 6)
    if (digits !== field.value) field.value = digits
  })
}

/* Copying and printing. */
for (const button of all('button[data-copy]', HTMLButtonElement)) {
  const label = button.textContent
  button.hidden = false
  button.addEventListener('click', async () => {
    const source = document.getElementById(button.dataset['copy'] ?? '')
    const lines = source?.matches('ol')
      ? [...source.children].map((line) => line.textContent?.trim())
      : [source?.textContent]
    const text = lines.join('\n')
    await navigator.clipboard.writeText(source?.matches('.groups') ? text.replace(/\s/g, '') : text)
    button.textContent = 'Copied'
    setTimeout(() => {
      button.textContent = label
    }, 2000)
  })
}
for (const button of all('button[data-print]', HTMLButtonElement)) {
  button.hidden = false
  button.addEventListener('click', () => print())
}

/* The demo's accounts fill the form in. */
for (const button of all('button[data-fill]', HTMLButtonElement)) {
  button.addEventListener('click', () => {
    for (const [id, value] of [
      ['email', button.dataset['fill']],
      ['password', button.dataset['password']],
    ]) {
      const field = document.getElementById(id ?? '')
      if (field instanceof HTMLInputElement) field.value = value ?? ''
    }
    document.querySelector('form[action^="/sign-in"]')?.querySelector('button')?.focus()
  })
}

/* How long it still takes. */
for (const element of all('[data-countdown]', HTMLElement)) {
  const end = performance.now() + Number(element.dataset['countdown'])
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - performance.now()) / 1000))
    const minutes = Math.floor(left / 60)
    element.textContent = left === 0 ? 'now' : `in ${minutes > 0 ? `${minutes} min ` : ''}${left % 60} s`
    if (left > 0) setTimeout(tick, 1000)
  }
  if (Number(element.dataset['countdown']) < 2 * 3_600_000) tick()
}
for (const element of all('[data-seconds]', HTMLElement)) {
  let left = Number(element.dataset['seconds'])
  setInterval(() => {
    left -= 1
    element.textContent = String(Math.max(0, left))
    if (left <= 0) location.reload()
  }, 1000)
}
