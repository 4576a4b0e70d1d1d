import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import './style.css'

declare global {
  /** Read by the libraries that add a style while the page runs. */
  var __webpack_nonce__: string | undefined
}

// The browser takes such a style only with the nonce of this answer, which the server wrote into the head.
globalThis.__webpack_nonce__ = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root')
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
