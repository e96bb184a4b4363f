/** What one client does while another is measured. */
export const FLOODS = [
  "new secrets again and again",
  "chunks of one byte",
  "200,000 parameters",
  "many fields",
  "a large field",
  "many logins",
  "a large argument beside a secret",
  "requests without a pause",
  "connections that say nothing",
  "large bodies",
] as const;

/** One of them. */
export type Flood = typeof FLOODS[number];
