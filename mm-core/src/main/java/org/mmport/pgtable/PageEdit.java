package org.mmport.pgtable;

/** What became of a request for one page, which the quick way through one table may not settle. */
enum PageEdit {
  /** It is done. */
  DONE,
  /** It is done, and the page's table has no entry in use any more. */
  EMPTIED,
  /** Nothing changed: a larger leaf maps the page, or the request breaks a rule. */
  NOT_HERE
}
