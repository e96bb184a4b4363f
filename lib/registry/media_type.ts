/** An index of OCI: manifests for several platforms. */
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
/** A manifest of OCI: one image. */
export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
/** Docker's own form of an index. */
export const DOCKER_LIST =
  "application/vnd.docker.distribution.manifest.list.v2+json";
/** Docker's own form of a manifest. */
export const DOCKER_MANIFEST =
  "application/vnd.docker.distribution.manifest.v2+json";
/** Docker's first form of a manifest, which no index can have. */
const DOCKER_SCHEMA1_REGEXP =
  /^application\/vnd\.docker\.distribution\.manifest\.v1\+(json|prettyjws)$/;

/** What a registry is asked for: newer registries answer in the stored form. */
export const MANIFEST_TYPES: readonly string[] = [
  DOCKER_MANIFEST,
  DOCKER_LIST,
  OCI_MANIFEST,
  OCI_INDEX,
];

/** Whether it names manifests of several platforms. */
export function isIndexType(mediaType: string): boolean {
  return mediaType === OCI_INDEX || mediaType === DOCKER_LIST;
}

/** Whether it names blobs: a configuration and layers. */
export function isManifestType(mediaType: string): boolean {
  return mediaType === OCI_MANIFEST || mediaType === DOCKER_MANIFEST;
}

/** Whether it is docker's first form, which was given up in 2017. */
export function isOldManifestType(mediaType: string): boolean {
  return DOCKER_SCHEMA1_REGEXP.test(mediaType);
}
