// The page outlives its session. Whoever logs in again, in another tab, sends what is typed here by the same button.

import { isTyped } from "./fields.js";

const TOKEN = "csrfmiddlewaretoken";
const drawn = () => JSON.parse(document.body.getAttribute("hx-headers"));
// Each login makes a new one, and the browser knows it; the page's own is of the login before.
export const token = () => /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? drawn()["X-CSRFToken"];
// With whose page it is: what is typed here is never sent for somebody else who logged in since.
export const headers = () => ({ ...drawn(), "X-CSRFToken": token() });

document.addEventListener("htmx:configRequest", ({ detail }) => {
  Object.assign(detail.headers, headers());
  if (detail.formData.has(TOKEN)) detail.formData.set(TOKEN, token());
});

// Nothing is lost by going to the login where nothing was typed. True where the page was left.
export function leftForLogin({ requestConfig, xhr }) {
  const login = xhr?.status === 401 && xhr.getResponseHeader("X-Vigie-Login");
  if (!login || requestConfig.verb !== "get" || [...document.querySelectorAll("input, select, textarea")].some(isTyped)) return false;
  location.assign(login);
  return true;
}
