internal import Storage

/// Delivery's tables, beside those of the bus in the same database.
enum DeliverySchema {
  static let schema: (name: String, migrations: [Migration]) = (
    "delivery",
    [
      Migration("destinations, deliveries, attempts and tests", first),
      Migration("S3 destinations, origins and multipart uploads", second),
      Migration("alerts and their mails", third),
    ]
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

  private static let second = """
    CREATE TABLE destinations_2 (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL,              -- what people call it
      kind TEXT NOT NULL CHECK (kind IN ('sftp', 's3')),
      host TEXT NOT NULL,              -- name or address
      port INTEGER NOT NULL,
      user TEXT NOT NULL,              -- S3: the access key's id
      folder TEXT NOT NULL,            -- SFTP: relative to the home unless it begins with a slash; S3: prefix
      bucket TEXT,                     -- S3 only, as the next three
      region TEXT,
      is_tls INTEGER,
      uses_path_style INTEGER,         -- 1: https://host/bucket/key; 0: https://bucket.host/key
      sealed_secret TEXT,              -- S3: the access key's secret, sealed with keys/delivery.box, Base64
      host_key TEXT,                   -- SFTP: the confirmed fingerprint, SHA256:…
      is_enabled INTEGER NOT NULL,     -- 0: nothing new is begun
      fault TEXT,                      -- one sentence while nothing can be sent there
      found_host_key TEXT,             -- what the server showed, where it is not the confirmed one
      updated_at_us INTEGER NOT NULL   -- wall time of the last change by a person
    ) STRICT, WITHOUT ROWID;
    INSERT INTO destinations_2 (id, name, kind, host, port, user, folder, host_key, is_enabled, fault,
        found_host_key, updated_at_us)
      SELECT id, name, kind, host, port, user, folder, host_key, is_enabled, fault, found_host_key,
        updated_at_us FROM destinations;
    DROP TABLE destinations;
    ALTER TABLE destinations_2 RENAME TO destinations;

    ALTER TABLE deliveries ADD COLUMN origin TEXT;  -- DeliveryOrigin; NULL: a recording
    CREATE INDEX deliveries_finished ON deliveries (updated_at_us, id)
      WHERE state IN ('delivered', 'discarded');

    -- An upload in parts that may be open at a destination. The row is there before the upload is.
    CREATE TABLE multiparts (
      delivery TEXT PRIMARY KEY REFERENCES deliveries (id),
      location TEXT NOT NULL,          -- endpoint, bucket and key, as a URL
      sha256 TEXT NOT NULL,            -- of the whole file, hexadecimal
      part_bytes INTEGER NOT NULL,     -- of each part but the last
      upload_id TEXT,                  -- NULL: asked for, and the answer was never stored
      begun_at_us INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- Parts that the destination has confirmed.
    CREATE TABLE multipart_parts (
      delivery TEXT NOT NULL REFERENCES multiparts (delivery) ON DELETE CASCADE,
      number INTEGER NOT NULL,         -- 1 for the first
      etag TEXT NOT NULL,              -- the destination's name for it, as it gave it
      sha256 TEXT NOT NULL,            -- of the part, hexadecimal
      PRIMARY KEY (delivery, number)
    ) STRICT, WITHOUT ROWID;
    """

  private static let third = """
    CREATE TABLE alerts (
      id TEXT PRIMARY KEY,
      severity TEXT NOT NULL,          -- AlertSeverity
      subject TEXT NOT NULL,
      text TEXT NOT NULL,
      node TEXT NOT NULL,              -- who raised it
      raised_at_us INTEGER NOT NULL,
      ended_at_us INTEGER,             -- NULL while it lasts
      end_text TEXT,                   -- how it ended
      pending TEXT,                    -- what is still to be mailed: 'raised' or 'ended'
      pending_since_us INTEGER,
      in_mail TEXT,                    -- what the mail that is on its way says of it
      mail TEXT NOT NULL,              -- AlertMailState; 'dead': a dead letter, kept until a person decides
      attempts INTEGER NOT NULL,       -- mails tried that said something of it
      refusals INTEGER NOT NULL,       -- of these, refused by the server, since the last new start
      reason TEXT,                     -- one sentence, where the mail's state needs one
      updated_at_us INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX alerts_pending ON alerts (raised_at_us) WHERE pending IS NOT NULL;

    CREATE TABLE mailer (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      state TEXT NOT NULL              -- MailerState as JSON: circuit breaker, last mail, fault
    ) STRICT;

    -- The mail that was about to be sent, as it was: sent again under the same id until it is
    -- answered.
    CREATE TABLE outgoing_mail (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      message_id TEXT NOT NULL,
      date_us INTEGER NOT NULL,
      subject TEXT NOT NULL,
      body TEXT NOT NULL
    ) STRICT;

    -- Test mails that were asked for and not answered yet.
    CREATE TABLE mail_tests (
      command TEXT PRIMARY KEY,        -- the TestMail's message id
      asked_at_us INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    """
}
