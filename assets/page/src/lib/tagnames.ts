// The tags that a model may write as HTML of its own.

export const OWN_TAGS: ReadonlySet<string> = new Set(
  (
    "a abbr b blockquote br code dd del details div dl dt em h3 h4 h5 h6 hr i ins kbd li mark ol p pre q s samp " +
    "small span strong sub summary sup table tbody td tfoot th thead tr u ul var"
  ).split(" "),
);
