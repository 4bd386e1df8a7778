internal import Storage

/// Delivery's tables, beside those of the bus in the same database.
enum DeliverySchema {
  static let schema: (name: String, migrations: [Migration]) = (
    "delivery", [Migration("destinations, deliveries, attempts and tests", first)]
  )

  private static let first = """
    CREATE TABLE destinations (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL,              -- what people call it
      kind TEXT NOT NULL CHECK (kind IN ('sftp')),
      host TEXT NOT NULL,              -- name or address
      port INTEGER NOT NULL,
      user TEXT NOT NULL,
      folder TEXT NOT NULL,            -- relative to the user's home unless it begins with a slash
      host_key TEXT,                   -- the confirmed fingerprint, SHA256:…
      is_enabled INTEGER NOT NULL,     -- 0: nothing new is begun
      fault TEXT,                      -- one sentence while nothing can be sent there
      found_host_key TEXT,             -- what the server showed, where it is not the confirmed one
      updated_at_us INTEGER NOT NULL   -- wall time of the last change by a person
    ) STRICT, WITHOUT ROWID;

    -- A row in the state 'dead' is a dead letter: it stays until a person retries or discards it.
    CREATE TABLE deliveries (
      id TEXT PRIMARY KEY,
      recording TEXT NOT NULL,
      destination TEXT NOT NULL,       -- may have been removed since
      path TEXT NOT NULL,              -- the local file; never removed by us
      file_name TEXT NOT NULL,         -- the name that is wanted at the far end
      bytes INTEGER NOT NULL,
      sha256 TEXT NOT NULL,            -- as it was when the file was finished, hexadecimal
      state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'verifying', 'delivered', 'waiting',
        'dead', 'discarded')),
      attempts INTEGER NOT NULL,       -- tries begun, counted before they begin
      failures INTEGER NOT NULL,       -- tries failed since it was last given a new start
      crashes INTEGER NOT NULL,        -- tries in a row whose end was never recorded
      kind TEXT,                       -- of the last failure (DeliveryError.Kind)
      reason TEXT,                     -- of the last failure, one sentence
      retry_at_us INTEGER,             -- when the next try is due; NULL in 'waiting': not before an edit
      remote_path TEXT,                -- where it lies, once delivered
      created_at_us INTEGER NOT NULL,  -- when it was asked for
      updated_at_us INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX deliveries_due ON deliveries (destination, state, retry_at_us, created_at_us)
      WHERE state IN ('queued', 'waiting');
    CREATE INDEX deliveries_by_destination ON deliveries (destination, state);

    -- What each try did; the record behind a delivery's log.
    CREATE TABLE attempts (
      delivery TEXT NOT NULL REFERENCES deliveries (id),
      number INTEGER NOT NULL,         -- 1 for the first
      begun_at_us INTEGER NOT NULL,
      ended_at_us INTEGER,             -- NULL: under way, or the process died in it
      kind TEXT,                       -- of its failure; NULL: under way, or it succeeded
      reason TEXT,                     -- of its failure, one sentence
      bytes_sent INTEGER,              -- in this try; less than the file after a resume
      was_there INTEGER,               -- 1: the file lay there already
      hash_method TEXT,                -- how the far end was hashed (HashMethod)
      is_synced INTEGER,               -- 1: the server put it on its disk when asked
      PRIMARY KEY (delivery, number)
    ) STRICT, WITHOUT ROWID;

    -- Tests of a destination that were asked for and not answered yet.
    CREATE TABLE tests (
      command TEXT PRIMARY KEY,        -- the TestDestination's message id
      destination TEXT NOT NULL,
      asked_at_us INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    """
}
