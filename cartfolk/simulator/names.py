"""Words to make people and goods from. All addresses are in reserved domains (RFC 2606)."""

from __future__ import annotations

# country, weight, currency, first names, last names, cities with postcode
PLACES: tuple[tuple[str, int, str, tuple[str, ...], tuple[str, ...], tuple[tuple[str, str], ...]], ...] = (
    (
        "DE",
        52,
        "EUR",
        (
            "Anna",
            "Jörg",
            "Lena",
            "Käthe",
            "Max",
            "Paul",
            "Sören",
            "Ute",
            "Björn",
            "Mia",
            "Emil",
            "Frieda",
            "Jonas",
            "Hülya",
            "Günther",
            "Marie",
            "Ben",
            "Clara",
            "Uwe",
            "Heike",
        ),
        (
            "Müller",
            "Schmidt",
            "Schäfer",
            "Groß",
            "Weiß",
            "Köhler",
            "Becker",
            "Yılmaz",
            "Hofmann",
            "Krüger",
            "Vogel",
            "Jäger",
            "Koch",
            "Bauer",
            "von der Heide",
            "Özdemir",
            "Lange",
            "Kühn",
            "Roth",
            "Busch",
        ),
        (
            ("Berlin", "10115"),
            ("München", "80331"),
            ("Köln", "50667"),
            ("Lübeck", "23552"),
            ("Görlitz", "02826"),
            ("Düsseldorf", "40213"),
            ("Hamburg", "20095"),
            ("Würzburg", "97070"),
        ),
    ),
    (
        "AT",
        10,
        "EUR",
        ("Franz", "Resi", "Leopold", "Sophie", "Jürgen"),
        ("Gruber", "Wörgötter", "Pichler", "Huber"),
        (("Wien", "1010"), ("Graz", "8010"), ("Sankt Pölten", "3100")),
    ),
    (
        "FR",
        7,
        "EUR",
        ("Zoë", "François", "Hélène", "Léa", "Aurélien"),
        ("Lefèvre", "D'Amour", "Dupont", "Noël"),
        (("Paris", "75001"), ("Orléans", "45000"), ("Nîmes", "30000")),
    ),
    (
        "PL",
        4,
        "EUR",
        ("Łukasz", "Małgorzata", "Paweł"),
        ("Wiśniewski", "Dąbrowska", "Żak"),
        (("Kraków", "30-001"), ("Łódź", "90-001")),
    ),
    (
        "GB",
        10,
        "GBP",
        ("Olivia", "Harry", "Siobhán", "George", "Amelia"),
        ("O'Neill", "Smith", "Smythe-Jones", "Khan"),
        (("London", "EC1A 1BB"), ("Leeds", "LS1 4AP"), ("Bristol", "BS1 5TR")),
    ),
    (
        "US",
        10,
        "USD",
        ("Emma", "Liam", "José", "Chloe 🌸", "Noah"),
        ("Johnson", "García", "Nguyen", "St. Claire"),
        (("Austin", "73301"), ("Portland", "97201"), ("New York", "10001")),
    ),
    (
        "JP",
        2,
        "JPY",
        ("さくら", "健太", "Yuki"),
        ("佐藤", "鈴木", "Tanaka"),
        (("東京", "100-0001"), ("京都", "600-8001")),
    ),
    (
        "KW",
        1,
        "KWD",
        ("محمد", "فاطمة", "Omar"),
        ("الصباح", "Al-Sabah"),
        (("الكويت", "13001"), ("Hawalli", "32001")),
    ),
    (
        "IL",
        1,
        "USD",
        ("נועה", "דוד", "Maya"),
        ("כהן", "לוי", "Levi"),
        (("תל אביב", "6100000"), ("Haifa", "3100000")),
    ),
)

STREETS = (
    "Hauptstraße",
    "Am Mühlbach",
    "Gartenweg",
    "Rue de l'Église",
    "Station Road",
    "Elm Street",
    "Ringstraße",
    "Königsallee",
    "Market Square",
    "Lindenweg",
)
DOMAINS = ("example.com", "example.org", "example.net", "mail.example.com", "post.example.org")

# category, parent, tax percent, price range in cents, nouns
SHELVES: tuple[tuple[str, str, int, tuple[int, int], tuple[str, ...]], ...] = (
    ("Kitchen &amp; Table", "", 19, (590, 8990), ("Pepper Mill", "Bowl", "Cutting Board", "Carafe", "Apron")),
    (
        "Kaffee &amp; Tee",
        "Kitchen &amp; Table",
        7,
        (450, 3990),
        ("Röstkaffee", "Grüner Tee", "Kräutertee", "Espresso"),
    ),
    ("Clothing", "", 19, (1290, 14990), ("T-Shirt", "Hoodie", "Mütze", "Scarf", "Socks")),
    ("Men", "Clothing", 19, (1990, 17990), ("Shirt", "Jacket", "Belt")),
    ("Women", "Clothing", 19, (1990, 17990), ("Dress", "Blouse", "Cardigan")),
    ("Bücher", "", 7, (790, 4990), ("Kochbuch", "Reiseführer", "Notebook", "Novel")),
    ("Home", "", 19, (990, 29990), ("Lamp", "Rug", "Vase", "Cushion", "Candle")),
    ("Garden", "Home", 19, (490, 19990), ("Watering Can", "Seeds", "Lantern", "Bench")),
    ("Gift cards", "", 0, (1000, 10000), ("Gift Card",)),
)
STYLES = (
    "Nordic",
    "Klassik",
    "Salt &amp; Pepper",
    "Für Dich",
    "Premium",
    "Eco",
    "Retro",
    "Ünique",
    "Mini",
    "Grand",
    "“Quoted”",
    "Café",
    "50% Cotton",
    "L&#8217;Atelier",
    "Sunset 🌅",
)
COLOURS = ("Black", "White", "Forest Green", "Blütenrosa")
SIZES = ("S", "M", "L", "XL")
BRANDS = ("Nordlicht", "Feder & Faden", "Kessel", "Marlow", "Ostwind")

TAGS = ("new", "sale", "vegan", "handmade", "geschenk")

# source type, source, medium, campaign, referrer, weight
SOURCES: tuple[tuple[str, str, str, str, str, int], ...] = (
    ("organic", "google", "organic", "", "https://www.google.com/", 30),
    ("typein", "(direct)", "(none)", "", "", 25),
    ("utm", "newsletter", "email", "spring_sale", "", 15),
    ("utm", "google", "cpc", "brand_de", "https://www.google.com/", 12),
    ("utm", "instagram", "social", "creators", "https://l.instagram.com/", 8),
    ("referral", "blog.example.org", "referral", "", "https://blog.example.org/best-mugs", 8),
    ("admin", "", "", "", "", 2),
)
ENTRIES = ("/", "/shop/", "/product-category/kitchen/", "/blog/care-guide/", "/sale/")
REASONS = ("damaged", "wrong size", "", "Zu spät geliefert", "changed mind", "goodwill")

# Units of the currency for one euro, as the shop recorded them; they drift from year to year.
RATES = {"USD": 1.0912, "GBP": 0.8564, "JPY": 161.37, "KWD": 0.33541}
