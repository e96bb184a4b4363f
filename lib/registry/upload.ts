import { ProtocolError } from "../errors.ts";
import { passOn } from "../streams/pass_on.ts";
import type { RegistryError } from "./registry_error.ts";
import type { RegistryHost } from "./registry_host.ts";

/** Opens the bytes of a blob: whole, or as a stream that checks its digest. */
export type UploadSource = () => Promise<
  Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>
>;

/** A blob that goes to a registry. */
export interface BlobUpload {
  readonly host: RegistryHost;
  /** The repository's path. */
  readonly path: string;
  /** What a token is asked for. */
  readonly scopes: readonly string[];
  /** Path of another repository of the registry that has the blob. */
  readonly mountFrom: string | undefined;
  readonly digest: string;
  /** Opens the bytes, if they are needed. */
  readonly open: UploadSource;
  /** Makes the error for an answer that was not expected. */
  refusal(response: Response): Promise<RegistryError>;
}

/**
 * Uploads a blob as docker does: `POST` begins, `PATCH` sends the bytes as a
 * stream, `PUT` ends it with the digest, which the registry checks. One that
 * fails is given up with `DELETE`, so that nothing of it stays.
 */
export async function uploadBlob(upload: BlobUpload): Promise<void> {
  const { host, path, scopes, mountFrom, digest, refusal } = upload;
  const query = mountFrom === undefined
    ? ""
    : `?${new URLSearchParams({ mount: digest, from: mountFrom })}`;
  const begun = await host.request(`${path}/blobs/uploads/${query}`, scopes, {
    method: "POST",
  });
  // The registry took it from the other repository.
  if (begun.status === 201) return await begun.body?.cancel();
  let place = await placeOf(upload, begun, 202);
  /** What kept the bytes from being read. */
  let unread: { readonly error: unknown } | undefined;
  try {
    const source = await upload.open();
    const sent = await host.request(place, scopes, {
      method: "PATCH",
      headers: { "content-type": "application/octet-stream" },
      body: source instanceof Uint8Array ? source : passOn(source.getReader(), {
        // `fetch` would hide it.
        onFailure(error) {
          unread = { error };
          return error;
        },
      }).stream,
    });
    place = await placeOf(upload, sent, 202);
    const end = new URL(place);
    end.searchParams.set("digest", digest);
    const ended = await host.request(end, scopes, { method: "PUT" });
    if (ended.status !== 201) throw await refusal(ended);
    await ended.body?.cancel();
  } catch (error) {
    await host.request(place, scopes, { method: "DELETE" })
      .then((response) => response.body?.cancel())
      .catch(() => {}); // the registry forgets it in time
    throw unread === undefined ? error : unread.error;
  }
}

/** Where an upload goes on. */
async function placeOf(
  { host, refusal }: BlobUpload,
  response: Response,
  status: number,
): Promise<URL> {
  if (response.status !== status) throw await refusal(response);
  await response.body?.cancel();
  const place = URL.parse(
    response.headers.get("location") ?? "",
    response.url,
  );
  if (place === null || !/^https?:$/.test(place.protocol)) {
    throw new ProtocolError(
      `The registry ${host.registry} does not say where an upload goes on`,
    );
  }
  const wrong = response.url.startsWith("https:") && place.protocol === "http:"
    ? "without encryption"
    : place.username + place.password !== ""
    ? "by an address which has a login in it"
    : undefined;
  if (wrong !== undefined) {
    throw new ProtocolError(
      `The registry ${host.registry} wants an upload to go on at ${place.host}, ${wrong}`,
    );
  }
  return place;
}
