"""Why a file from elsewhere is refused: one sentence a fault, in a small tree that says what follows (decision 7)."""

from __future__ import annotations

from enum import Enum

from models.domain.errors import FileRefusedError, UserError


class Fault(Enum):
    """Every reason to refuse; the value is the sentence shown, with named parameters."""

    # form: the bytes are not what they claim to be
    NOT_SIGNED_FILE = "这不是本程序的签名文件（.rollbook），未作处理。请确认选对了文件。"
    NEWER_FORMAT = "文件由更新版本的程序生成（{what}），本程序不能读取。请升级程序后再接收。"
    CUT_SHORT = "文件不完整（被截断），可能没有拷贝完就拔出了 U 盘。请对方重新拷贝后再接收。"
    TRAILING = "文件末尾多出了内容，不是原来的文件。请对方重新写出后再接收。"
    HEADER_TOO_LARGE = "文件头大小为 {size} 字节，超过上限 {limit} 字节，已拒收。请核实文件来源。"
    HEADER_DAMAGED = "文件头已损坏，读不出是谁发给谁的。请对方重新写出后再接收。"
    TOO_MANY_SIGNATURES = "文件所附签名或证书的数量超过上限（{limit} 个），已拒收。请核实文件来源。"
    TOO_LARGE = "文件声明的大小超过上限（{what}），已拒收。请对方分成几个包再报送。"
    PAYLOAD_DAMAGED = "文件内容与签名时的不一致，可能在拷贝途中损坏。请对方重新拷贝后再接收。"
    UNKNOWN_SUITE = "文件使用了本程序不接受的加密算法（{suite}），已拒收。请双方升级到同一版本的程序。"
    NOT_TO_SPLIT = "这不是数据包，不需要拆分。入网申请、政策等文件很小，请直接作为邮件附件发送。"
    TOO_MANY_PARTS = "按这个大小要拆成 {count} 个分卷，超过上限 {limit} 个。请选择更大的邮箱附件上限，或改用 U 盘。"
    PART_HEAD = "邮件分卷的文件头已损坏，读不出是哪个文件的第几卷。请重新下载附件，仍不行时请对方重发。"
    PART_SIZE = (
        "第 {index} 卷的大小不对（应为 {wanted} 字节，实为 {found} 字节），没有收下。"
        "请重新下载附件，仍不行时请对方重发这一卷。"
    )
    PART_DAMAGED = "第 {index} 卷的内容与其校验值不一致，没有收下。请重新下载附件，仍不行时请对方重发这一卷。"
    PART_DIFFERS = (
        "第 {index} 卷与先前收到的第 {index} 卷内容不同，没有收下。请向对方核实哪一份是真的；"
        "要改用这一份，请先丢弃先前收到的分卷，再接收全部分卷。"
    )
    PART_NOT_NEEDED = "这个数据包此前已经收全并接收，这一卷不需要了。"
    PARTS_UNLIKE_WHOLE = "{count} 个分卷合在一起与原文件不一致，没有接收，这些分卷已清除。请对方重新发送全部分卷。"
    PARTS_FULL = (
        "等待收齐的分卷已有 {sets} 组、{used} MiB，不能再收新的。请先收齐，或丢弃不再需要的分卷"
        "（“设置”页“邮件与收件文件夹”，或命令 package parts）。"
    )

    # trust: nobody can be shown to have sent it
    EDITED = "签名对不上：文件在签名之后被改动过，已拒收。请向发件单位索取原文件。"
    UNSIGNED = "文件缺少应有的签名，已拒收。请向发件单位索取原文件。"
    OTHER_AUDIENCE = "这个文件是发给“{audience}”的，不是发给本单位的。请交给收件单位。"
    NOT_FOR_US = "不是发给本单位的，没有接收。请交给收件单位。"
    UNKNOWN_ISSUER = "发件单位没有在本单位登记（{issuer}），已拒收。请先办理入网登记。"
    FOREIGN_ANCHOR = "签名证书不是由本单位所信任的上级签发的，已拒收。请与发件单位核对入网登记。"
    ISSUER_UNLIKE_CERTIFICATE = "文件写明的发件单位与签名证书上的单位不符，已拒收。请核实文件来源。"
    NOT_ITS_SUPERIOR = "“{name}”的证书不是由其直接上级签发的，签发单位无权为它办理，已拒收。请与发件单位核对隶属关系。"
    ISSUER_REVOKED = "签名证书的签发单位的签发证书已被吊销，已拒收。请发件单位向新的签发单位重新入网后再打包。"
    OLDER_REVOCATIONS = "这是旧的证书吊销名单（第 {number} 号），本单位已在执行第 {held} 号，未作改动。"
    NOT_ITS_UNIT = "“{unit}”不在申报单位之下，不能由它申报，已拒收。请申报单位核对下级单位名录。"
    CLAIMED_TWICE = (
        "“{unit}”已登记在“{present}”之下，不能再登记到“{claimed}”之下，已拒收。请两个主管部门先核实它归谁管。"
    )
    TIER_LEFT_OUT = "上级所说的各级单位中少了“{unit}”，没有采用。请上级核对隶属关系；确有变动的，请重新办理入网。"
    OTHER_ANCHOR = (
        "文件所说的“{unit}”的签发密钥与本单位所信任的不同，又没有更上一级的证明，没有采用。"
        "确已更换的，请上级重新办理入网，电话核对词语。"
    )
    TIERS_CROSSED = "文件所说的各级单位先后不符或互不衔接，已拒收。请上级核对自己的隶属关系后重新写出。"
    REVOKED = "签名所用的证书自 {since} 起已被吊销，已拒收。请发件单位换用新证书后重新打包。"
    EXPIRED_CERTIFICATE = "签名所用的证书已于 {until} 到期，已拒收。请发件单位先办理证书更新。"
    WRONG_KEY_USE = "签名所用的证书不是用于此用途的，已拒收。请核实文件来源。"
    WRONG_LINE = "签名证书不属于该文件所在的业务线，已拒收。请核实文件来源。"
    NOT_SUPERIOR = "该文件只能由本单位的上级签发，而发件单位不是本单位的上级，已拒收。"
    NOT_SUBORDINATE = "发件单位不是本单位的下级，不能向本单位报送，已拒收。请核对单位隶属关系。"

    # channel: authentic, but not its turn
    FORK = "编号第 {sequence} 号的包与此前收到的对不上，对方可能从旧备份恢复过。请与“{issuer}”联系，下级须重新入网。"
    TOO_FAR_AHEAD = "这是第 {sequence} 号包，前面还缺 {missing} 个包，超出可暂存的数量。请对方先补交前面的包。"

    NOTHING_LOST = "本单位没有申请过恢复，不接收补回的名册。确需恢复的，请重新生成入网申请，交上级办理。"
    EPOCH_AHEAD = "“{issuer}”所说的编号轮次（第 {epoch} 轮）晚于现在，没有采用。请双方核对电脑时间，由对方重新办理。"
    OLDER_EPOCH = (
        "“{issuer}”的包按第 {epoch} 轮编号，而本单位已在接收第 {held} 轮的，这是旧文件，未作改动。"
        "如果是对方刚恢复过备份，请对方按“大于 {held}”重新生成重建通道通知（命令 unit reset --after {held}）。"
    )
    OLD_NUMBERING = (
        "这是“{issuer}”重新编号之前写出的旧文件，其中的内容会随新的文件另行送达，未作改动。请接收对方最新写出的文件。"
    )
    NEWER_EPOCH = (
        "“{issuer}”已按第 {epoch} 轮重新编号，本单位还在接收第 {held} 轮的。"
        "请先接收对方的重建通道通知（上级从备份恢复过），或先导入最新的入网批复（本单位申请过）。"
    )
    NOT_LISTED = "这份重建通道通知没有列出本单位（上级丢失了本单位的登记）。请重新生成入网申请，交上级办理。"

    # content: authentic and its turn; refused with a receipt that says so
    NOT_A_RECIPIENT = "包没有加密给本单位现用的密钥，无法打开。请对方接收本单位的回执后重新打包。"
    EXPIRED = "包的有效期已于 {until} 截止，已拒收，其中的事项退回待打包。请对方重新打包。"
    WRONG_PURPOSE = "包的用途“{purpose}”与其内容不符，已拒收。请对方重新打包。"
    BOMB = "包展开后的内容超过签名声明的大小，已停止读取并拒收。请核实文件来源。"
    LINE_TOO_LONG = "包内有一条记录超过 1 MiB，已停止读取并拒收。请核实文件来源。"
    CONTENT_DAMAGED = "包的内容读不懂（{what}），已拒收。请对方升级程序后重新打包。"
    CONTENT_EDITED = "包内事项与登记人签名的清单不一致，已拒收。请对方重新打包。"
    ROWS_EDITED = "名册基线的学生记录与批准时的不一致，已拒收。请对方重新打包。"
    EVIDENCE_EDITED = "证明材料与其编号不一致，已拒收。请对方重新打包。"
    NOT_APPROVED = "事项“{label}”缺少有效的批准签名，已拒收。请对方核对批准记录后重新打包。"
    APPROVAL_EDITED = "批准签名对不上所批准的内容，已拒收。请对方重新核办后再打包。"
    SAME_PERSON = "事项“{label}”的发起、批准、打包未由不同的人完成（{name}），已拒收。请对方按规定分工办理。"
    WRONG_ROLE = "签名人“{name}”没有{role}的职责，已拒收。请对方由有此职责的人员签名。"
    FOREIGN_ITEM = "包内有不属于发件单位的事项，已拒收。请对方重新打包。"

    # messages: each is judged for itself; the others of the package go on
    UNKNOWN_MESSAGE = "函件的种类“{kind}”本程序不认识，没有办理。请升级程序后请对方重新发送。"
    UNKNOWN_ORIGIN = "函件的来源单位没有在本单位登记，也查不到它的上级证书，没有办理。请转来的单位先报送下级单位名录。"
    NOT_BEHIND = "“{issuer}”转来的函件署名“{origin}”，但“{origin}”不在“{issuer}”那一边，没有办理。请核实来源。"
    WRONG_PATH = "“{issuer}”转来的函件收件单位不经过本单位，没有转交。请核对单位隶属关系。"
    WRONG_WAY = "{label}只能{way}，这一件的方向不对，没有办理。请核实来源。"

    # reports: a section that is not taken is named in the receipt, the others are taken
    REPORT_UNKNOWN_UNIT = "上报中有本单位还不认识的学校，该部分未接收。请“{sender}”先报送单位名录，再重新打包上报。"
    REPORT_FOREIGN_UNIT = (
        "“{unit}”及其主管部门不都在“{sender}”之下，该部分未接收。请“{sender}”核对单位隶属后重新打包上报。"
    )
    REPORT_NOT_ACCEPTED = "事项“{label}”没有被所附的主管部门回执通过，该部分未接收。请下级核对后重新打包上报。"
    REPORT_LEFT_OUT = "上报缺少回执已通过的事项，该部分未接收。请下级升级程序后重新打包上报。"

    # documents: receipts, policies, enrolment
    UNKNOWN_REPLY = "回执所答复的包不是本单位发出的，未作处理。请核对是否拿错了文件。"
    TWO_PERSONS = "该文件应由系统管理员和另一名经办人员两人签名，现有签名不符合要求，已拒收。"
    OLDER_POLICY = "这是旧版政策（第 {version} 版），本单位已在执行第 {held} 版，未作改动。"
    OTHER_POLICY = "第 {version} 版政策此前已接收过内容不同的一份，没有采用这一份。请向下发单位核实以哪一份为准。"
    KNOWN_POLICY = "第 {version} 版政策此前已经接收，无需重复接收。"
    OTHER_WORDS = "核对词与文件的不一致，未作任何改动。请打电话请对方逐词再念一遍，仍不一致时不要继续，文件可能被换过。"
    NEEDS_WORDS = "这份{what}没有可用的一次性码作证，不能免去核对。请打电话逐词核对，输入核对词后再办理。"
    WRONG_CODE = (
        "{what}上的一次性码对不上，未作任何改动。请不要继续，先打电话与对方核实；确认无误后可以逐词核对，按核对词办理。"
    )
    NOT_OUR_CODE = "这个一次性码不是随“{unit}”的邀请函发出的那一个。请核对是不是拿了别的单位的单子。"
    NOT_INVITED = "这份邀请函是给“{unit}”的，不是给本单位的，未作改动。请核对是否拿错了文件。"
    NOT_OUR_REQUEST = "入网批复里的密钥不是本单位的，可能是为旧申请办理的。请用最新的入网申请重新办理。"
    OTHER_SUPERIOR = "本单位已登记的上级是“{superior}”，不能用这个文件改换上级。请联系上级办理隶属变更。"
    BAD_REQUEST = "入网申请的内容不完整（{what}），不能办理。请申请单位重新生成申请。"
    ALREADY_RECEIVED = "{what}此前已经接收，无需重复接收，未作改动。"

    # companions: the PCs of one unit
    NOT_PAIRED = "这台电脑没有与写出该文件的电脑配对，或配对已被新的替换，已拒收。请核对是否拿错了文件，或重新配对。"
    OTHER_PC = "这个文件是给本单位另一台电脑的，不是给这台的，未作处理。请拿到“{audience}”上接收。"
    OTHER_UNITS_PC = "这个文件是别的单位两台电脑之间用的，不是本单位的，已拒收。请交还对方。"
    OTHER_PERSON_KEY = (
        "“{name}”批准所用的签名密钥与配对时登记的不同（可能用恢复码重设过口令），未作改动。"
        "请在那台电脑上重新配对，接收新的待核办后重新核办。"
    )
    OLDER_EXCHANGE = (
        "这是第 {sequence} 号{what}，此前已接收第 {held} 号，未作改动。请用最新写出的文件；"
        "如果对方的电脑刚恢复过备份仍出现此提示，请重新配对。"
    )
    BAD_PAIRING = "配对文件的内容不完整（{what}），不能办理。请在第二台电脑上重新生成配对申请。"
    NOT_OUR_PAIRING = "配对批复不是为这台电脑现在的申请办理的，未作改动。请用这台电脑最新的配对申请重新办理。"
    PAIRED_ELSEWHERE = "这台电脑已与“{unit}”配对，不能改配到别的单位。请另选一个数据文件夹，重新建立第二台电脑。"

    OTHER_DOOR = "这是{found}，不是{wanted}，未作处理。{step}"
    NOT_FOR_RECEIVING = "这是{found}，不由“接收”处理，没有接收。{step}"


class RefusedError(FileRefusedError):
    """A file that was refused for `fault`; nothing of it was taken over unless a subclass says so."""

    def __init__(self, fault: Fault, about: str = "", **parameters: object) -> None:
        self.fault = fault
        self.sentence = fault.value.format(**parameters)
        super().__init__(f"{about}{self.sentence}")

    def told_about(self, about: str) -> RefusedError:
        """The same refusal, saying first what the file is, whose and for whom."""
        copy = type(self).__new__(type(self))
        copy.fault, copy.sentence = self.fault, self.sentence
        FileRefusedError.__init__(copy, f"{about}{self.sentence}")
        return copy


class MalformedError(RefusedError):
    """The bytes break the format or a limit; says nothing of who sent them."""


class UntrustedError(RefusedError):
    """The sender cannot be shown to be who the file says."""


class OutOfTurnError(RefusedError):
    """Authentic, but the channel does not take it now; the channel stays where it is."""


class ContentRefusedError(RefusedError):
    """Authentic and in turn, but its content is refused: the channel advances and a receipt says so (decision 7)."""


class NotWrittenError(UserError):
    """A file could not be written whole (disk full, stick pulled out); what it holds is still in the store."""
