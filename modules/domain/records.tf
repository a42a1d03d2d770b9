# ---------------------------------------------------------------------------------------------------------------------
# The DNS records. Their keys are known at plan time; DKIM's tokens, and so its names and values, are not.
# ---------------------------------------------------------------------------------------------------------------------

locals {
  ttl_seconds = 600

  # "DKIM domains" in https://docs.aws.amazon.com/general/latest/gr/ses.html: regions that share one hosted zone, and
  # regions with one of their own. A region that is in neither list needs var.dkim_hosted_zone.
  regions_with_shared_hosted_zone = [
    "ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1", "eu-central-1",
    "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "me-south-1", "sa-east-1", "us-east-1", "us-east-2", "us-gov-west-1",
    "us-west-1", "us-west-2",
  ]
  regions_with_own_hosted_zone = [
    "af-south-1", "ap-northeast-3", "ap-south-2", "ap-southeast-3", "ap-southeast-5", "ca-west-1", "eu-central-2", "eu-south-1",
    "il-central-1", "me-central-1", "us-gov-east-1",
  ]
  dkim_hosted_zones = merge(
    { for region in local.regions_with_shared_hosted_zone : region => "dkim.amazonses.com" },
    { for region in local.regions_with_own_hosted_zone : region => "dkim.${region}.amazonses.com" },
  )

  # "unknown" never gets as far as a record: the identity's precondition stops the plan.
  dkim_records = {
    for index in range(3) : "dkim_${index + 1}" => {
      name  = "${local.dkim_tokens[index]}._domainkey.${var.domain}"
      type  = "CNAME"
      value = "${local.dkim_tokens[index]}.${coalesce(local.dkim_hosted_zone, "unknown")}"
    }
  }

  # https://docs.aws.amazon.com/ses/latest/dg/mail-from.html
  mail_from_records = {
    mail_from_mx  = { name = local.mail_from_domain, type = "MX", value = "10 feedback-smtp.${local.region}.amazonses.com" }
    mail_from_spf = { name = local.mail_from_domain, type = "TXT", value = "v=spf1 include:amazonses.com ~all" }
  }

  # RFC 7489, section 6.3. Alignment stays relaxed: MAIL FROM is a subdomain, which strict alignment of SPF would reject.
  dmarc_record = {
    for dmarc in var.dmarc[*] : "dmarc" => {
      name = "_dmarc.${var.domain}"
      type = "TXT"
      value = join("; ", compact([
        "v=DMARC1",
        "p=${dmarc.policy}",
        dmarc.subdomain_policy != null ? "sp=${dmarc.subdomain_policy}" : "",
        # URIs (section 6.2). The variable's limit keeps the whole in one text of 255 characters.
        dmarc.rua != null ? "rua=${join(",", [for address in split(",", dmarc.rua) : "mailto:${trimprefix(trimspace(address), "mailto:")}"])}" : "",
      ]))
    }
  }

  # https://docs.aws.amazon.com/ses/latest/dg/configure-custom-open-click-domains.html
  tracking_record = {
    for subdomain in var.tracking_subdomain[*] : "tracking" => {
      name  = "${subdomain}.${var.domain}"
      type  = "CNAME"
      value = var.tracking_target != null ? var.tracking_target : "r.${local.region}.awstrack.me"
    }
  }

  records = {
    for key, record in merge(local.dkim_records, local.mail_from_records, local.dmarc_record, local.tracking_record) :
    key => merge(record, { ttl = local.ttl_seconds })
  }

  # Zone files end absolute names with a dot and quote texts (RFC 1035, section 5.1).
  zone_file_values = {
    for key, record in local.records : key => record.type == "TXT" ? "\"${record.value}\"" : "${record.value}."
  }
}
