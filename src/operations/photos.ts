/** A photo is kept as its address: whoever takes it keeps the file. */
const MOST_PHOTOS = 50;
const LONGEST_URL = 2_048;

/** What is wrong with which address, by its place in the list that `field` names. For `refuse`. */
export function photoProblems(field: string, urls: string[] | null | undefined): Record<string, string | false> {
  if (urls == null) return {};
  if (urls.length > MOST_PHOTOS) return { [field]: `must not have more than ${MOST_PHOTOS} photos` };
  return Object.fromEntries(
    urls.map((url, i) => [
      `${field}.${i}`,
      url.length > LONGEST_URL
        ? `must not be longer than ${LONGEST_URL} characters`
        : !/^https?:\/\/[^\s\0\p{Surrogate}]+$/iu.test(url) || !URL.canParse(url)
          ? 'must be an http or https address'
          : false,
    ]),
  );
}

/** The photos that there are and those that are new, each once. */
export function withPhotos(kept: string[], added: string[] | null | undefined): string[] {
  return [...new Set([...kept, ...(added ?? [])])];
}
