import de.bwaldvogel.mongo.MongoCollection;
import de.bwaldvogel.mongo.MongoDatabase;
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.AbstractUniqueIndex;
import de.bwaldvogel.mongo.backend.CollectionOptions;
import de.bwaldvogel.mongo.backend.CursorRegistry;
import de.bwaldvogel.mongo.backend.Index;
import de.bwaldvogel.mongo.backend.IndexKey;
import de.bwaldvogel.mongo.backend.KeyValue;
import de.bwaldvogel.mongo.backend.Missing;
import de.bwaldvogel.mongo.backend.QueryResult;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.backend.h2.H2Collection;
import de.bwaldvogel.mongo.backend.h2.H2Database;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;

/** mongo-java-server on a file: `Main FILE PORT`. */
public final class Main {
  /** Clients want a newer wire version than it reports. Only a label: nothing behaves differently for it. */
  private static final MongoVersion LABEL = new MongoVersion() {
    @Override
    public List<Integer> getVersionArray() {
      return List.of(5, 0, 0);
    }

    @Override
    public int getWireVersion() {
      return 13;
    }
  };

  private static final Set<String> READS = Set.of("find", "getMore", "count", "aggregate", "distinct", "hello",
      "isMaster", "ismaster", "ping", "buildInfo", "listCollections", "listIndexes", "killCursors", "endSessions");

  private static final class Backend extends H2Backend {
    Backend(String file) {
      super(file);
    }

    /** In the file before the answer is sent, so that what was acknowledged survives a kill (not a power cut). */
    @Override
    public Document handleMessage(MongoMessage message) {
      Document answer = super.handleMessage(message);
      if (!READS.contains(message.getDocument().keySet().iterator().next())) commit();
      return answer;
    }

    @Override
    protected MongoDatabase openOrCreateDatabase(String name) {
      // Its superclass opens collections in the constructor: the store has to be there by then.
      MVStore store = getMvStore();
      return new H2Database(name, store, getCursorRegistry()) {
        @Override
        protected MongoCollection<Object> openOrCreateCollection(String collection, CollectionOptions options) {
          String full = getFullCollectionNamespace(collection);
          return new Collection(
              this, collection, options, store.openMap("databases." + full), store.openMap("meta." + full), cursorRegistry);
        }

        @Override
        protected Index<Object> openOrCreateUniqueIndex(
            String collection, String name, List<IndexKey> keys, boolean sparse) {
          return new UniqueIndex(name, keys, sparse);
        }
      };
    }
  }

  /** Looks a document up by its id where the query says more than the id too: the original scans for that. */
  private static final class Collection extends H2Collection {
    Collection(MongoDatabase database, String name, CollectionOptions options, MVMap<Object, Document> documents,
        MVMap<String, Object> meta, CursorRegistry cursors) {
      super(database, name, options, documents, meta, cursors);
    }

    @Override
    protected QueryResult queryDocuments(
        Document query, Document orderBy, int skip, int limit, int batchSize, Document fields) {
      Object id = "_id".equals(getIdField()) ? query.get("_id") : null;
      if (!(id instanceof String)) return super.queryDocuments(query, orderBy, skip, limit, batchSize, fields);
      List<Object> found = getDocument(id) == null ? List.of() : List.of(id);
      return matchDocuments(query, found, orderBy, skip, limit, batchSize, fields);
    }
  }

  /** In memory, filled from the documents when they are opened: the original serializes keys for each comparison. */
  private static final class UniqueIndex extends AbstractUniqueIndex<Object> {
    private final Map<KeyValue, Object> positions = new ConcurrentHashMap<>();

    UniqueIndex(String name, List<IndexKey> keys, boolean sparse) {
      super(name, keys, sparse);
    }

    @Override
    protected Object removeDocument(KeyValue key) {
      return positions.remove(key);
    }

    @Override
    protected boolean putKeyPosition(KeyValue key, Object position) {
      return positions.putIfAbsent(key, Missing.ofNullable(position)) == null;
    }

    @Override
    protected Object getPosition(KeyValue key) {
      return positions.get(key);
    }

    @Override
    protected Iterable<Map.Entry<KeyValue, Object>> getIterable() {
      return positions.entrySet();
    }

    @Override
    public long getCount() {
      return positions.size();
    }

    @Override
    public boolean isEmpty() {
      return positions.isEmpty();
    }

    @Override
    public long getDataSize() {
      return getCount();
    }
  }

  public static void main(String[] args) {
    H2Backend backend = new Backend(args[0]);
    backend.version(LABEL);
    MongoServer server = new MongoServer(backend);
    Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
    server.bind("127.0.0.1", Integer.parseInt(args[1]));
  }
}
