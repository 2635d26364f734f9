// @ts-check
// The package in a page, by its import map: no bundler. What happened is left for whoever opened the page.
import * as leeway from 'leeway'
import * as memory from 'leeway/memory'
import * as qr from 'leeway/qr'
import * as testing from 'leeway/testing'
import * as totp from 'leeway/totp'
import 'leeway/http'
import { journey } from './journey.js'

const told = document.createElement('pre')
told.textContent = JSON.stringify(await journey({ leeway, totp, memory, http: null, qr, testing }))
document.body.append(told)
