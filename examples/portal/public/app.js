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

/* All on this page. */
for (const box of all('input[data-pick-all]', HTMLInputElement)) {
  const others = all('input[name="user"]', HTMLInputElement)
  for (const label of all('[data-needs-script]', HTMLElement)) label.hidden = false
  box.addEventListener('change', () => {
    for (const other of others) other.checked = box.checked
  })
}

/* A preview while terms are chosen: the same form, sent the same way, of whose answer only the preview is shown. */
for (const form of all('form[data-preview]', HTMLFormElement)) {
  const id = form.dataset['preview'] ?? ''
  let wait = 0
  let latest = 0
  const preview = async () => {
    const turn = ++latest
    const body = new URLSearchParams()
    for (const [name, value] of new FormData(form)) body.append(name, String(value))
    const response = await fetch(form.action, { method: 'POST', body })
    const answered = new DOMParser().parseFromString(await response.text(), 'text/html').getElementById(id)
    if (turn === latest && response.ok && answered !== null) {
      document.getElementById(id)?.replaceChildren(...answered.childNodes)
      // What comes next is to apply it.
      form.querySelector('button.primary')?.classList.remove('primary')
      for (const apply of all('form[data-assign]', HTMLFormElement)) showProgress(apply)
    }
  }
  form.addEventListener('input', () => {
    clearTimeout(wait)
    wait = setTimeout(preview, 300)
  })
  if (document.querySelector('form[data-assign]') === null && document.querySelector('.summary') === null)
    void preview()
}

/**
 * Applies terms by the API, which tells how far it has come, a line at a time.
 *
 * @param {HTMLFormElement} form
 */
function showProgress(form) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const button = form.querySelector('button')
    const bar = form.querySelector('progress')
    if (button === null || bar === null || button.disabled) return
    button.disabled = true
    bar.closest('p')?.removeAttribute('hidden')
    const headers = { 'content-type': 'application/json', accept: 'application/x-ndjson' }
    const response = await fetch('/mfa/rollout/assign', { method: 'POST', headers, body: form.dataset['assign'] ?? '' })
    let rest = ''
    /** @type {{ changed: number, unchanged: number, failedCount: number } | undefined} */
    let result
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) {
      const lines = (rest + read.value).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const told = JSON.parse(line)
        if (told.progress) bar.value = told.progress.done
        result = told.result
      }
    }
    const said = document.createElement('p')
    said.className = 'note'
    said.setAttribute('role', 'status')
    said.textContent = result
      ? `Done: ${result.changed} with new terms, ${result.unchanged} as they were, ${result.failedCount} not possible.`
      : 'It was not finished. Load the page again, and preview it once more: who is done stays done.'
    const link = document.createElement('a')
    link.href = '/admin/users'
    link.className = 'button'
    link.textContent = 'Back to the list'
    form.replaceChildren(said, link)
    link.focus()
  })
}
for (const form of all('form[data-assign]', HTMLFormElement)) showProgress(form)
