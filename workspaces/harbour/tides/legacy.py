# Gezeiten für den Hafen
HEIGHT = "höchstens 3 m"
