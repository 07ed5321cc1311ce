/** The names by which this machine reaches itself; the owner of any other name can point it here. */
const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/;

/**
 * Why a request is refused, if it is. The observer shows session data and stops servers, so it serves only the farm's
 * own page: not another site in the same browser, nor one whose name has been pointed at this machine (DNS
 * rebinding). Nothing here is readable across origins, for no answer carries CORS headers.
 *
 * @param {import('node:http').IncomingMessage} request
 * @returns {{ status: number, reason: string } | undefined}
 */
export function refusal({ method, headers }) {
  const { host = '', origin, 'sec-fetch-site': site } = headers;
  if (!loopback.test(host)) return { status: 421, reason: 'Only under a name of loopback' };
  // Another port of loopback is "same-site", but may be another application's page.
  if (site !== undefined && site !== 'same-origin') return { status: 403, reason: 'Only for the page of the farm' };
  if (method === 'GET') return undefined;
  if (method !== 'POST') return { status: 405, reason: 'GET and POST only' };
  if (origin !== `http://${host}`) return { status: 403, reason: 'Only for the page of the farm' };
  return undefined;
}
