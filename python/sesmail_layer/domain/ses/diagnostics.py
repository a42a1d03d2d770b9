"""The words of diagnostics: what other mail servers write about a bounce, in several languages.

These are patterns of words for `bounces.Words`, not whole sentences; `…` stands for a few words between.
tests/cases/bounces.json contains the answers that they were tested with.
"""

from __future__ import annotations

_LINK = r"\b(?:[a-z][a-z+.-]*://|mailto:|www\.)\S+|\b(?:(?:\d{1,3}\.){3}\d{1,3}|(?:[\w-]+\.)+[a-z]{2,})/\S*"
_ADDRESS = r'"[^"]*"@\S+|<[^<>\s]*>|[^\s<>()\[\]",;:]*@[^\s<>()\[\]",;:]+'
# The names of blocklists stay: some servers write nothing else.
_BLOCKLISTS = r"spamhaus|spamcop|sorbs|barracudacentral|abuseat|uceprotect"
_HOST = rf"\b(?![\w.-]*(?:{_BLOCKLISTS})\.)(?:[\w-]+\.){{2,}}[a-z]{{2,}}\b"

# Anyone can choose the words of an address, a link or a host name (`vacation@example.com`): they are no evidence.
NAMES = f"{_LINK}|{_ADDRESS}|{_HOST}"

ABOUT_THE_SENDER = (
    # its address
    r"(?<!to )(?<!to the )senders?(?:'s)?…(?:reject\w*|refus\w*|denied|block\w*|banned|verif\w+|syntac\w+|must exist"
    r"|not (?:allowed|accepted|permitted|authori[sz]ed|valid|found|pre-approved)|does ?n.t exist|does not exist"
    r"|does not resolve|unauthenticated|badmailfrom)",
    r"sender (?:address |domain )?(?:is )?(?:unknown|invalid)",
    r"(?:invalid|bad|unknown|unauthori[sz]ed|unrout\w+|forged|missing|blocked|banned|reputation) (?:\w+ )?senders?",
    r"(?:exp[eé]diteur|[eé]metteur)…(?:refus\w*|rejet\w*|invalide|inconnu\w*|bloqu\w*)",
    r"absender\w*…(?:abgelehnt|gesperrt|ung[uü]ltig|unbekannt|nicht \w+)",
    r"(?:remitente|remetente)…(?:rechaz\w*|rejeit\w*|inv[aá]lid\w*|bloquead\w*|desconocid\w*|no \w+|n[aã]o \w+)",
    r"mittente…(?:rifiutat\w*|bloccat\w*|non \w+)",
    # its domain and servers
    r"domain of (?:the )?(?:envelope )?sender",
    r"(?:sending|sender'?s?|originating|connecting) (?:domain|ips?|mta|server|host|address)",
    r"(?:mail ?)?from:? (?:domain|ip)|from (?:your|this) (?:ip|server|host|network|domain)|(?:invalid|bad) ip",
    r"your (?:\w+ )?(?:ip|domain|server|network|host)(?: address)?(?: \S+)? (?:is|was|has|does)",
    r"your access…rejected|(?<!to )mail from…(?:rejected|refused|denied)",
    r"client host rejected|(?:helo|ehlo) (?:\w+ )?rejected|invalid dns",
    r"reverse (?:dns|lookup|hostname)|rdns|ptr|(?:find|resolve) your (?:reverse )?(?:hostname|address)|dynamic ips?",
    # its authentication
    r"spf|dkim|dmarc|domainkeys|sender policy framework|(?:anti-?)?spoof\w*",
    r"unauthenticated|not authenticated|authentication (?:level|checks?|information|required|fail\w*)",
    # blocklists and its reputation
    r"(?:black|block|deny)[ -]?list\w*|dnsbls?|rbls?|[dsx]bl|(?<!not )listed (?:at|by)",
    r"banned s\w+|ip banned|blocked(?: using|\W+see)|(?:(?<=:)|(?<=[:\d] ))blocked(?=\W*$)",
    r"messages from \S+ (?:weren.?t|were not|will be)|ip=[\d.]+ - a problem",
    rf"(?:[\w-]+\.)*(?:{_BLOCKLISTS})(?:'s|\.\w+)?",
    r"reputation|user complaints|unsolicited|spam\w*|junk\w*|anti-?spam",
    r"(?:for|by|due to) (?:\w+ )?polic(?:y|ies)|policy (?:reasons|restrictions|violation)",
    r"envelope blocked|administrative prohibition",
)

MAILBOX_FULL = (
    r"over[ -]?(?:the |its )?(?:\w+ )?quota",
    r"(?<!queue )(?<!message )(?<!sending )quota(?: \w+)? (?:exceeded|violation|reached)|quota (?:is )?full",
    r"exceed\w* (?:\w+ ){0,3}(?:quota|storage|disk space)|(?:storage|disk) space",
    r"(?:mail ?box|inbox|account|mail ?folder|maildir)(?: \w+){0,2}? (?:is )?(?:too )?full|full mailbox",
    r"mailbox (?:size |storage )?limit exceeded|too many messages on the server|zu ?viele mails",
    r"bo[iî]te…pleine|(?:buz[oó]n|casilla|bandeja|cuenta|mailbox)…llen[oa]|cuota…(?:excedida|superada)",
    r"postfach…voll|speicher\w*…(?:voll|(?:ue|ü)berschritten)|casella…piena|caixa…cheia|quota…(?:superata|d[eé]pass\w*)",
)

LIMITED = (
    r"gr[ea]y[ -]?list\w*|liste grise|lista (?:gris|grigia|cinza)|graue liste|szara lista|grijze lijst",
    r"rate[ -]?limit\w*|(?:connection|message|sending|rate|thread|session)s? limit\w*|throttl\w*|frequency limited",
    r"too many (?:\w+ ){0,2}(?:connections?|sessions?|messages|e?-?mails?|recipients?|users?|errors|requests)",
    r"concurrent connections|too (?:quickly|fast|much e?-?mail)|at a rate|(?:messages?|e?-?mails?) per \w+",
    r"excessive (?:volume|rate|unknown)|unexpected volume|temporarily deferred|again slower|number of messages",
    r"(?:send|mail|messages?) limit (?:is |was |has been )?(?:exceeded|reached)",
    r"(?:trop de|demasiad[ao]s|zu ?viele|troppe|muitas) (?:connexions|conexiones|verbindungen|connessioni|conex[oõ]es)",
)

_WHO = r"(?:mail[ -]?box|user|recipient|addressee|account|address|customer|alias|person|local[ -]?part)s?"

# A mailbox that is closed, disabled or unavailable is not unknown: it may be opened again.
UNKNOWN_USER = (
    rf"(?:unknown|no such|invalid|non-?existent|bad|undeliverable|unroute?able)[ _-](?:\w+[ _-])?{_WHO}",
    rf"{_WHO}(?: \S+){{0,5}}? (?:is )?(?:unknown|invalid|unallocated|unrecogni[sz]ed|does ?n.t exist|does not exist"
    r"|not (?:be )?(?:found|known|valid|exist|present)|no longer exists?)|no longer valid",
    r"not (?:our|a|a known|a valid) (?:user|customer|recipient|mailbox)|not listed in",
    r"(?:does ?n.t|does not) have an? \S+ account|no (?:mail-?box|account|user)(?: \w+){0,2} by that name",
    r"not a valid (?:e-?mail )?address|not in (?:\w+ )?(?:valid ?)?(?:recipients?|rcpt(?:to)?|users?) list",
    r"recipient address rejected: access denied",
    r"(?:benutzer|empf(?:ä|ae)nger|postfach|konto|adresse)…(?:unbekannt|nicht (?:bekannt|gefunden)|existiert nicht)",
    r"(?:utilisateur|destinataire|compte)…(?:inconnu|invalide|inexistant)",
    r"(?:gebruiker|ontvanger)…(?:onbekend|bestaat niet)",
    r"(?:usuario|destinatario|buz[oó]n|cuenta)…(?:desconocid[oa]|inexistente|no existe)|nessun utente",
    r"(?:utente|destinatario|casella)…(?:sconosciut[oa]|inesistente|non (?:esiste|trovat[oa]))",
    r"(?:usu[aá]rio|destinat[aá]rio|caixa)…(?:desconhecid[oa]|inexistente|n[aã]o existe)",
)

AUTOMATIC_REPLY = (
    r"out[ -]of[ -](?:the[ -])?office|auto(?:matic|mated)?[ -]?(?:reply|response)|vacation|on leave",
    r"abwesenheit\w*|automatische antwort|r[eé]ponse automatique|absent du bureau",
    r"respuesta autom[aá]tica|fuera de la oficina|risposta automatica|fuori (?:sede|ufficio)",
    r"resposta autom[aá]tica|fora do escrit[oó]rio|automatisch antwoord|afwezig\w*",
)
